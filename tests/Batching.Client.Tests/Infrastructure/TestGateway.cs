using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Reflection;

namespace Batching.Client.Tests.Infrastructure;

/// <summary>
/// The gateway in front of its sample API, as a process that can be killed and started again: at the same port, over the same data.
/// </summary>
public sealed class TestGateway : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(1);

    private readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("batch-client-tests-");
    private readonly Dictionary<string, string> _environment;
    private readonly ConcurrentQueue<string> _output = new();
    private Process? _process;

    private TestGateway(int port, IReadOnlyDictionary<string, string>? settings)
    {
        Address = new Uri($"http://127.0.0.1:{port}");
        _environment = new Dictionary<string, string>(settings ?? new Dictionary<string, string>())
        {
            ["ASPNETCORE_ENVIRONMENT"] = "Development",
            ["ASPNETCORE_URLS"] = Address.ToString(),
            ["Batch__DataDirectory"] = _data.FullName,
        };
    }

    public Uri Address { get; }

    /// <summary>One that does not run yet.</summary>
    /// <param name="settings">Further variables of its environment.</param>
    public static TestGateway Create(IReadOnlyDictionary<string, string>? settings = null)
    {
        // Nobody else is given the port for a while after it was free.
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return new TestGateway(((IPEndPoint)listener.LocalEndpoint).Port, settings);
    }

    /// <summary>One that listens.</summary>
    public static async Task<TestGateway> StartNewAsync(IReadOnlyDictionary<string, string>? settings = null)
    {
        var gateway = Create(settings);
        await gateway.StartAsync();
        return gateway;
    }

    /// <summary>Starts it, and waits until it listens.</summary>
    public async Task StartAsync()
    {
        var start = new ProcessStartInfo(
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", [Path.Combine(ServerFolder, "Batching.Server.dll")])
        {
            WorkingDirectory = ServerFolder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in _environment)
        {
            start.Environment[name] = value;
        }

        var listening = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var process = new Process { StartInfo = start, EnableRaisingEvents = true };
        process.OutputDataReceived += (_, line) => Read(line.Data);
        process.ErrorDataReceived += (_, line) => Read(line.Data);
        process.Exited += (_, _) => listening.TrySetException(
            new InvalidOperationException($"The gateway did not start:\n{string.Join('\n', _output)}"));
        _process = process;
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        await listening.Task.WaitAsync(Deadline);

        void Read(string? line)
        {
            _output.Enqueue(line ?? "");
            if (line?.Contains("Now listening on: ", StringComparison.Ordinal) == true)
            {
                listening.TrySetResult();
            }
        }
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }

    /// <summary>A client of it, which tries again soon.</summary>
    /// <param name="address">Where it connects to; null for the gateway itself.</param>
    public BatchClient NewClient(Uri? address = null) => new(new BatchClientOptions
    {
        Address = address ?? Address,
        RetryDelay = TimeSpan.FromMilliseconds(50),
        MaxRetryDelay = TimeSpan.FromMilliseconds(500),
    });

    public void Dispose()
    {
        if (_process is not null)
        {
            _process.Kill();
            _process.WaitForExit();
            _process.Dispose();
        }

        _data.Delete(recursive: true);
    }

    private static string ServerFolder { get; } = Path.GetFullPath(typeof(TestGateway).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(metadata => metadata.Key == "ServerFolder").Value!);
}
