using System.Buffers;

namespace Batching.Engine.Content;

/// <summary>
/// The mark that some software puts in front of JSON. It is no part of it, and skipped wherever JSON is read (RFC 8259,
/// section 8.1).
/// </summary>
public static class ByteOrderMark
{
    private static ReadOnlySpan<byte> Utf8 => [0xEF, 0xBB, 0xBF];

    /// <summary>JSON without the mark.</summary>
    public static ReadOnlyMemory<byte> Skip(ReadOnlyMemory<byte> json) =>
        json.Span.StartsWith(Utf8) ? json[Utf8.Length..] : json;

    /// <inheritdoc cref="Skip(ReadOnlyMemory{byte})"/>
    public static ReadOnlySpan<byte> Skip(ReadOnlySpan<byte> json) =>
        json.StartsWith(Utf8) ? json[Utf8.Length..] : json;

    /// <inheritdoc cref="Skip(ReadOnlyMemory{byte})"/>
    public static ReadOnlySequence<byte> Skip(in ReadOnlySequence<byte> json)
    {
        var start = new SequenceReader<byte>(json);
        return start.IsNext(Utf8, advancePast: true) ? start.UnreadSequence : json;
    }
}
