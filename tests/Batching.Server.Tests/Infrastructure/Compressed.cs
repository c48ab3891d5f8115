using System.IO.Compression;

namespace Batching.Server.Tests.Infrastructure;

/// <summary>Bodies as clients compress them.</summary>
public static class Compressed
{
    public static byte[] GzipBytes(ReadOnlySpan<byte> bytes)
    {
        using var output = new MemoryStream();
        using (var gzip = new GZipStream(output, CompressionLevel.Fastest))
        {
            gzip.Write(bytes);
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
