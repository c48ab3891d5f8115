using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace Batching.Benchmarks.Robustness;

/// <summary>The real server in a process of its own, which can be looked into, stopped and killed.</summary>
internal sealed class GatewayServer : IAsyncDisposable
{
    private const int KeptLines = 1000;

    private static readonly TimeSpan StartDeadline = TimeSpan.FromMinutes(2);

    private readonly ConcurrentQueue<string> _output = new();
    private readonly Process _process;

    private GatewayServer(string upstream, string dataDirectory, IReadOnlyDictionary<string, string> settings)
    {
        Address = $"http://127.0.0.1:{ChildProcess.FreePort()}";
        DataDirectory = dataDirectory;
        var start = new ProcessStartInfo(
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
            [Path.Combine(Folders.Server, "Batching.Server.dll")])
        {
            WorkingDirectory = Folders.Server,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Production";
        start.Environment["ASPNETCORE_URLS"] = Address;
        start.Environment["Batch__Upstream"] = upstream;
        start.Environment["Batch__DataDirectory"] = dataDirectory;
        foreach (var (name, value) in settings)
        {
            start.Environment[name] = value;
        }

        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        Started = Stopwatch.StartNew();
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public string Address { get; }

    public string DataDirectory { get; }

    /// <summary>Runs since just before the process was started.</summary>
    public Stopwatch Started { get; }

    /// <summary>The last lines that the process has written.</summary>
    public IEnumerable<string> Output => _output;

    public bool HasExited => _process.HasExited;

    /// <summary>Starts it and waits until it says that it is ready.</summary>
    public static async Task<(GatewayServer Server, TimeSpan Ready)> StartAsync(
        string upstream, string dataDirectory, IReadOnlyDictionary<string, string> settings)
    {
        var server = new GatewayServer(upstream, dataDirectory, settings);
        using var http = new HttpClient { BaseAddress = new Uri(server.Address) };
        while (true)
        {
            if (server.HasExited || server.Started.Elapsed > StartDeadline)
            {
                throw new InvalidOperationException($"The server did not start:\n{string.Join('\n', server.Output)}");
            }

            try
            {
                using var reply = await http.GetAsync(new Uri("/healthz", UriKind.Relative));
                if (reply.IsSuccessStatusCode)
                {
                    return (server, server.Started.Elapsed);
                }
            }
            catch (HttpRequestException)
            {
            }

            await Task.Delay(TimeSpan.FromMilliseconds(2), TimeProvider.System);
        }
    }

    /// <summary>Looks into the process, as Linux shows it.</summary>
    public ProcessSample Sample()
    {
        var status = File.ReadLines($"/proc/{_process.Id}/status")
            .Select(line => line.Split(':', 2))
            .ToDictionary(parts => parts[0], parts => parts[1].Trim());
        return new ProcessSample(
            Number(status["VmRSS"]) / 1024,
            Directory.GetFileSystemEntries($"/proc/{_process.Id}/fd").Length,
            (int)Number(status["Threads"]),
            new DirectoryInfo(DataDirectory).EnumerateFiles("batch.db*").Sum(file => file.Length) / 1048576.0);
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            using var kill = Process.Start("kill", ["-TERM", $"{_process.Id}"]);
            await kill.WaitForExitAsync();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private static double Number(string text) => double.Parse(text.Split(' ')[0], CultureInfo.InvariantCulture);

    private void Keep(string? line)
    {
        if (line is null)
        {
            return;
        }

        _output.Enqueue(line);
        if (_output.Count > KeptLines)
        {
            _output.TryDequeue(out _);
        }
    }
}
