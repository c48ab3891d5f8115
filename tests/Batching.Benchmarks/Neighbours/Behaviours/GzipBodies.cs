using System.IO.Compression;
using System.Text;

namespace Batching.Benchmarks.Neighbours.Behaviours;

/// <summary>Bodies that become very large: just valid ones, and some beyond the limit.</summary>
internal sealed class GzipBodies : Behaviour
{
    private static readonly byte[][] Bodies =
    [
        Compress($"[{{\"path\": \"kb/0\"}}{new string(' ', 30 * 1024 * 1024)}]"), Compress(new string('[', 100 * 1024 * 1024)),
    ];

    private int _next;

    public override string Name => "gzip";

    public override Task RunAsync(HostileOwner owner, CancellationToken stop) => owner.RepeatAsync(
        16,
        stop =>
        {
            var content = new ByteArrayContent(Bodies[(uint)Interlocked.Increment(ref _next) % Bodies.Length]);
            content.Headers.ContentEncoding.Add("gzip");
            return owner.PostAsync(content, stop);
        },
        stop);

    private static byte[] Compress(string text)
    {
        using var buffer = new MemoryStream();
        using (var gzip = new GZipStream(buffer, CompressionLevel.SmallestSize))
        {
            gzip.Write(Encoding.ASCII.GetBytes(text));
        }

        return buffer.ToArray();
    }
}
