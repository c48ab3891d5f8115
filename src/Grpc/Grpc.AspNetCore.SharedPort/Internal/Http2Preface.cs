using System.Buffers;

namespace Grpc.AspNetCore.SharedPort.Internal;

/// <summary>The first bytes of every HTTP/2 connection (RFC 9113, section 3.4).</summary>
internal static class Http2Preface
{
    // The rest, "\r\nSM\r\n\r\n", is left to Kestrel: these bytes can begin no HTTP/1.1 request.
    private const int Length = 14;

    public enum Result
    {
        Incomplete,
        Match,
        Mismatch,
    }

    private static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0"u8;

    public static Result Match(in ReadOnlySequence<byte> buffer)
    {
        Span<byte> start = stackalloc byte[Length];
        var length = (int)Math.Min(buffer.Length, Length);
        buffer.Slice(0, length).CopyTo(start);
        return !Preface.StartsWith(start[..length]) ? Result.Mismatch
            : length == Length ? Result.Match
            : Result.Incomplete;
    }
}
