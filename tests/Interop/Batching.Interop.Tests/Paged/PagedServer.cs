using System.Collections.Concurrent;
using System.Diagnostics;

namespace Batching.Interop.Tests.Paged;

/// <summary>A server that others wrote, as a process of its own at a free port, with all its files in a fresh folder.</summary>
internal sealed class PagedServer : IDisposable
{
    private static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(60);

    private readonly ConcurrentQueue<string> _output = new();
    private readonly Process _process;

    private PagedServer(DirectoryInfo folder, int port, ProcessStartInfo start)
    {
        Folder = folder;
        Http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        start.WorkingDirectory = folder.FullName;
        start.Environment["HOME"] = folder.FullName;
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => _output.Enqueue(line.Data ?? "");
        _process.ErrorDataReceived += (_, line) => _output.Enqueue(line.Data ?? "");
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public DirectoryInfo Folder { get; }

    /// <summary>Calls it without the gateway.</summary>
    public HttpClient Http { get; }

    /// <summary>Its address, without a slash at the end.</summary>
    public string Address => Http.BaseAddress!.GetLeftPart(UriPartial.Authority);

    /// <summary>Starts one, and waits until it answers.</summary>
    /// <param name="ready">A path that it answers with a status 2xx as soon as it is ready.</param>
    /// <param name="start">What to start, given its port and its folder, which is empty.</param>
    public static async Task<PagedServer> StartAsync(string ready, Func<int, DirectoryInfo, ProcessStartInfo> start)
    {
        var folder = Directory.CreateTempSubdirectory("batch-paged-");
        var port = FreePort.Find();
        var server = new PagedServer(folder, port, start(port, folder));
        try
        {
            await server.WaitUntilReadyAsync(ready);
            return server;
        }
        catch
        {
            server.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
        }

        _process.Dispose();
        Http.Dispose();
        Folder.Delete(recursive: true);
    }

    private async Task WaitUntilReadyAsync(string ready)
    {
        var started = Stopwatch.StartNew();
        while (true)
        {
            if (_process.HasExited || started.Elapsed > StartDeadline)
            {
                throw new TimeoutException(
                    $"{_process.StartInfo.FileName} was not ready after {started.Elapsed}:\n{string.Join('\n', _output)}");
            }

            try
            {
                using var reply = await Http.GetAsync(new Uri(ready, UriKind.Relative));
                if (reply.IsSuccessStatusCode)
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }
    }
}
