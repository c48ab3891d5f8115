using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Batching.Benchmarks;

/// <summary>A program that runs beside the figure, and ends with it.</summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(60);

    private static readonly ConcurrentDictionary<int, Process> Running = new();

    private readonly Process _process;

    // A figure that fails ends this program at once, and nothing is disposed.
    static ChildProcess() => AppDomain.CurrentDomain.UnhandledException += static (_, _) =>
    {
        foreach (var process in Running.Values)
        {
            process.Kill(entireProcessTree: true);
        }
    };

    private ChildProcess(Process process)
    {
        _process = process;
        Running[process.Id] = process;
    }

    public int Id => _process.Id;

    /// <summary>Processor time that it has taken so far.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>The most physical memory that it ever held, in bytes.</summary>
    public long PeakResidentBytes
    {
        get
        {
            var line = File.ReadLines($"/proc/{_process.Id}/status")
                .First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
            return 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
        }
    }

    /// <summary>Starts a program and waits until it listens at a port.</summary>
    public static async Task<ChildProcess> StartAsync(
        int port, string program, IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = Path.GetTempPath() };
        start.Environment["NODE_ENV"] = "production";
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        var child = new ChildProcess(Process.Start(start)!);
        var started = Stopwatch.StartNew();
        while (!await ListensAsync(port))
        {
            if (child._process.HasExited || started.Elapsed > StartDeadline)
            {
                throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} did not start.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }

        return child;
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public async ValueTask DisposeAsync()
    {
        Running.TryRemove(_process.Id, out _);
        if (!_process.HasExited)
        {
            using var kill = Process.Start("kill", ["-TERM", $"{_process.Id}"]);
            await kill.WaitForExitAsync();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private static async Task<bool> ListensAsync(int port)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
