using System.IO.Compression;
using System.Runtime.InteropServices;

namespace Batching.Client.Internal;

/// <summary>Decodes bodies that an API has encoded (RFC 9110, section 8.4.1).</summary>
internal static class BodyDecoder
{
    // Encoding twice is a mistake that happens; more often is none.
    private const int MaxCodings = 3;

    /// <inheritdoc cref="CallReply.TryDecodeBody"/>
    public static bool TryDecode(
        ReadOnlyMemory<byte> body, string codings, int maxBytes, out ReadOnlyMemory<byte> decoded)
    {
        decoded = body;
        var names = codings.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (names.Length > MaxCodings)
        {
            return false;
        }

        // They stand in the order in which they were applied.
        foreach (var name in names.Reverse())
        {
            if (!name.Equals("identity", StringComparison.OrdinalIgnoreCase) && !TryDecodeOne(name, maxBytes, ref decoded))
            {
                decoded = body;
                return false;
            }
        }

        return true;
    }

    private static bool TryDecodeOne(string coding, int maxBytes, ref ReadOnlyMemory<byte> body)
    {
        try
        {
            using var stream = Open(body, coding.ToLowerInvariant());
            if (stream is null)
            {
                return false;
            }

            var output = new MemoryStream();
            var buffer = new byte[16 * 1024];
            while (stream.Read(buffer) is var read && read > 0)
            {
                if (output.Length + read > maxBytes)
                {
                    return false;
                }

                output.Write(buffer, 0, read);
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
            // Meant is the zlib format (RFC 1950, section 2.2), but some servers send deflate without it.
            "deflate" when body.Length >= 2
                && (body.Span[0] & 0x0F) == 8
                && ((body.Span[0] << 8) + body.Span[1]) % 31 == 0 => new ZLibStream(input, CompressionMode.Decompress),
            "deflate" => new DeflateStream(input, CompressionMode.Decompress),
            _ => null,
        };
    }
}
