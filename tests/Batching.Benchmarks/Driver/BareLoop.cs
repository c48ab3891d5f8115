using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Batching.Benchmarks.Driver;

/// <summary>
/// What a call costs without a gateway: a process that sends GETs with an <see cref="HttpMessageInvoker"/> and reads the
/// answers into one buffer each. It is this program once more, and goes on from one round to the next, warm.
/// </summary>
internal sealed class BareLoop : IAsyncDisposable
{
    private readonly ChildProcess _process;
    private readonly TcpClient _control;

    private BareLoop(ChildProcess process, TcpClient control)
    {
        _process = process;
        _control = control;
    }

    public TimeSpan ProcessorTime => _process.ProcessorTime;

    public static async Task<BareLoop> StartAsync(int upstream)
    {
        var port = ChildProcess.FreePort();
        var process = await ChildProcess.StartAsync(
            port,
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
            new Dictionary<string, string>(),
            typeof(BareLoop).Assembly.Location,
            "bare-loop",
            $"{port}",
            $"{upstream}");
        var control = new TcpClient();
        await control.ConnectAsync(IPAddress.Loopback, port);
        return new BareLoop(process, control);
    }

    /// <summary>Is that process: makes as many calls as each line that it is sent says, and answers with a line.</summary>
    public static async Task ServeAsync(int port, int upstream)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        listener.Start();
        using var http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            ActivityHeadersPropagator = null,
        });
        while (true)
        {
            using var client = await listener.AcceptTcpClientAsync();
            using var reader = new StreamReader(client.GetStream());
            await using var writer = new StreamWriter(client.GetStream()) { AutoFlush = true };
            while (await reader.ReadLineAsync() is { } line)
            {
                var numbers = line.Split(' ').Select(number => int.Parse(number, CultureInfo.InvariantCulture)).ToArray();
                await CallAsync(http, upstream, count: numbers[0], concurrency: numbers[1], size: numbers[2]);
                await writer.WriteLineAsync("done");
            }
        }
    }

    /// <summary>Makes calls, and waits for them.</summary>
    /// <param name="count">How many.</param>
    /// <param name="concurrency">How many at a time.</param>
    /// <param name="size">Bytes that each answer must have.</param>
    public async Task RunAsync(int count, int concurrency, int size)
    {
        var stream = _control.GetStream();
        await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes($"{count} {concurrency} {size}\n"));
        if (await stream.ReadAtLeastAsync(new byte[5], 5, throwOnEndOfStream: false) < 5)
        {
            throw new InvalidOperationException("The bare loop has failed.");
        }
    }

    public ValueTask DisposeAsync()
    {
        _control.Dispose();
        return _process.DisposeAsync();
    }

    private static Task CallAsync(HttpMessageInvoker http, int upstream, int count, int concurrency, int size)
    {
        var targets = Enumerable.Range(0, 1000).Select(i => new Uri($"http://127.0.0.1:{upstream}/items/{i}")).ToArray();
        var next = -1;
        return Task.WhenAll(Enumerable.Range(0, concurrency).Select(_ => Task.Run(async () =>
        {
            var buffer = new byte[64 * 1024];
            while (Interlocked.Increment(ref next) is var i && i < count)
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, targets[i % targets.Length]);
                using var response = await http.SendAsync(request, CancellationToken.None);
                await using var stream = await response.Content.ReadAsStreamAsync();
                var length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false);
                if (response.StatusCode != HttpStatusCode.OK || length != size)
                {
                    throw new InvalidDataException($"{response.StatusCode} with {length} bytes.");
                }
            }
        })));
    }
}
