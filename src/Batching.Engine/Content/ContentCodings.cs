using System.IO.Compression;
using System.Runtime.InteropServices;

namespace Batching.Engine.Content;

/// <summary>
/// Decodes bodies that an API has encoded without being asked to: <c>gzip</c>, <c>deflate</c> and <c>br</c> (RFC 9110, section
/// 8.4.1). .NET 10 has no <c>zstd</c>.
/// </summary>
public static class ContentCodings
{
    // Encoding twice is a mistake that happens; more often is none.
    private const int MaxCodings = 3;

    /// <summary>Whether the value of a <c>Content-Encoding</c> says that a body is encoded.</summary>
    public static bool IsEncoded(string codings) =>
        codings.Length > 0 && !codings.Equals("identity", StringComparison.OrdinalIgnoreCase);

    /// <summary>Decodes a body.</summary>
    /// <param name="body">The body.</param>
    /// <param name="codings">The value of its <c>Content-Encoding</c>.</param>
    /// <param name="maxLength">Bytes that it may have, decoded.</param>
    /// <param name="decoded">The body, decoded.</param>
    /// <returns>False if it can't be decoded, or has more bytes.</returns>
    public static bool TryDecode(
        ReadOnlyMemory<byte> body, string codings, int maxLength, out ReadOnlyMemory<byte> decoded)
    {
        decoded = body;
        if (!IsEncoded(codings))
        {
            return true;
        }

        // In the order in which they were applied.
        var names = codings.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (names.Length > MaxCodings)
        {
            return false;
        }

        foreach (var name in names.Reverse())
        {
            if (!TryDecodeOne(ref decoded, name.ToLowerInvariant(), maxLength))
            {
                return false;
            }
        }

        return true;
    }

    private static bool TryDecodeOne(ref ReadOnlyMemory<byte> body, string coding, int maxLength)
    {
        if (coding == "identity")
        {
            return true;
        }

        try
        {
            using var stream = Open(body, coding);
            if (stream is null)
            {
                return false;
            }

            var output = new MemoryStream(Math.Min(maxLength, body.Length * 4));
            Span<byte> buffer = stackalloc byte[8 * 1024];
            while (stream.Read(buffer) is var read && read > 0)
            {
                if (output.Length + read > maxLength)
                {
                    return false;
                }

                output.Write(buffer[..read]);
            }

            body = output.GetBuffer().AsMemory(0, (int)output.Length);
            return true;
        }
        catch (Exception exception) when (exception is InvalidDataException
            or IOException
            // Brotli's way of saying that its data is bad.
            or InvalidOperationException)
        {
            return false;
        }
    }

    private static Stream? Open(ReadOnlyMemory<byte> body, string coding)
    {
        var input = MemoryMarshal.TryGetArray(body, out var array)
            ? new MemoryStream(array.Array!, array.Offset, array.Count, writable: false)
            : new MemoryStream(body.ToArray(), writable: false);
        return coding switch
        {
            "gzip" or "x-gzip" => new GZipStream(input, CompressionMode.Decompress),
            "br" => new BrotliStream(input, CompressionMode.Decompress),
            // Meant is the zlib format, but some servers send it without (RFC 9110, section 8.4.1.2).
            "deflate" => HasZlibHeader(body.Span)
                ? new ZLibStream(input, CompressionMode.Decompress)
                : new DeflateStream(input, CompressionMode.Decompress),
            _ => null,
        };
    }

    // RFC 1950, section 2.2.
    private static bool HasZlibHeader(ReadOnlySpan<byte> body) =>
        body.Length >= 2 && (body[0] & 0x0F) == 8 && ((body[0] << 8) + body[1]) % 31 == 0;
}
