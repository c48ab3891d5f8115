using System.IO.Compression;

namespace Batching.Server.Tests.Infrastructure;

/// <summary>Bodies as clients compress them.</summary>
public static class Compressed
{
    public static byte[] GzipBytes(ReadOnlySpan<byte> bytes) => Bytes(bytes, "gzip");

    /// <summary>Bytes in one of the codings gzip, deflate and br.</summary>
    public static byte[] Bytes(ReadOnlySpan<byte> bytes, string coding)
    {
        using var output = new MemoryStream();
        using (Stream stream = coding switch
        {
            "br" => new BrotliStream(output, CompressionLevel.Fastest),
            "deflate" => new ZLibStream(output, CompressionLevel.Fastest),
            _ => new GZipStream(output, CompressionLevel.Fastest),
        })
        {
            stream.Write(bytes);
        }

        return output.ToArray();
    }

    public static HttpContent Gzip(ReadOnlySpan<byte> bytes)
    {
        var content = new ByteArrayContent(GzipBytes(bytes));
        content.Headers.ContentEncoding.Add("gzip");
        return content;
    }
}
