using System.IO.Compression;

namespace Batching.Rest.Tests.Http;

/// <summary>The content codings of HTTP (RFC 9110, section 8.4.1).</summary>
internal static class ContentCoding
{
    public static byte[] Encode(string coding, byte[] bytes)
    {
        using var encoded = new MemoryStream();
        using (Stream encoder = coding switch
        {
            "gzip" => new GZipStream(encoded, CompressionLevel.Optimal, leaveOpen: true),
            "deflate" => new ZLibStream(encoded, CompressionLevel.Optimal, leaveOpen: true),
            "br" => new BrotliStream(encoded, CompressionLevel.Optimal, leaveOpen: true),
            _ => throw new FormatException($"There is no content coding '{coding}' here."),
        })
        {
            encoder.Write(bytes);
        }

        return encoded.ToArray();
    }

    public static byte[] Decode(string coding, byte[] bytes)
    {
        using var encoded = new MemoryStream(bytes);
        using Stream decoder = coding switch
        {
            "gzip" => new GZipStream(encoded, CompressionMode.Decompress),
            "br" => new BrotliStream(encoded, CompressionMode.Decompress),
            _ => throw new FormatException($"There is no content coding '{coding}' here."),
        };
        using var decoded = new MemoryStream();
        decoder.CopyTo(decoded);
        return decoded.ToArray();
    }
}
