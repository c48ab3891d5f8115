using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Batching.Benchmarks.Peers;

/// <summary>BullMQ with a Redis of its own, a process each.</summary>
internal sealed class BullMq : IAsyncDisposable
{
    private readonly DirectoryInfo _folder;
    private readonly ChildProcess _redis;
    private readonly ChildProcess _node;
    private readonly TcpClient _control;
    private readonly StreamReader _answers;

    private BullMq(DirectoryInfo folder, ChildProcess redis, ChildProcess node, TcpClient control)
    {
        _folder = folder;
        _redis = redis;
        _node = node;
        _control = control;
        _answers = new StreamReader(control.GetStream());
    }

    public TimeSpan ProcessorTime => _redis.ProcessorTime + _node.ProcessorTime;

    /// <param name="upstream">The port of the API.</param>
    /// <param name="fsync">When Redis flushes its log: <c>always</c>, before it answers, or <c>everysec</c>.</param>
    public static async Task<BullMq> StartAsync(int upstream, string fsync)
    {
        var folder = Directory.CreateTempSubdirectory("batch-benchmark-redis-");
        var port = ChildProcess.FreePort();
        var redis = await ChildProcess.StartAsync(
            port,
            "redis-server",
            new Dictionary<string, string>(),
            ["--port", $"{port}", "--bind", "127.0.0.1", "--dir", folder.FullName, "--logfile", "log", "--save", "", "--appendonly", "yes", "--appendfsync", fsync]);
        var controlPort = ChildProcess.FreePort();
        var node = await ChildProcess.StartAsync(
            controlPort,
            "node",
            new Dictionary<string, string>(),
            Path.Combine(Folders.Project, "Peers", "BullMq", "queue.mjs"),
            $"{controlPort}",
            $"{port}",
            $"{upstream}");
        var control = new TcpClient();
        await control.ConnectAsync(IPAddress.Loopback, controlPort);
        return new BullMq(folder, redis, node, control);
    }

    /// <summary>Adds jobs, and waits until the last of them is completed.</summary>
    /// <param name="jobs">How many.</param>
    /// <param name="concurrency">How many its worker runs at a time.</param>
    /// <param name="size">Bytes that each body must have.</param>
    public async Task RunAsync(int jobs, int concurrency, int size)
    {
        var line = string.Create(CultureInfo.InvariantCulture, $"{jobs} {concurrency} {size}\n");
        await _control.GetStream().WriteAsync(System.Text.Encoding.ASCII.GetBytes(line));
        if (await _answers.ReadLineAsync() is var answer && answer != "done")
        {
            throw new InvalidOperationException($"BullMQ has failed: {answer}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        _answers.Dispose();
        _control.Dispose();
        await _node.DisposeAsync();
        await _redis.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
