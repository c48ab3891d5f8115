using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Reflection;

namespace Batching.Spawning.Tests.Infrastructure;

/// <summary>The gateway as its users run it: a process of its own, with an empty data folder at the beginning.</summary>
public sealed class GatewayProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartDeadline = TimeSpan.FromMinutes(2);

    private static readonly string ServerFolder = Path.GetFullPath(typeof(GatewayProcess).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(metadata => metadata.Key == "ServerFolder").Value!);

    private readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("batch-spawning-");
    private readonly ConcurrentQueue<string> _output = new();
    private readonly Dictionary<string, string> _settings;
    private Process? _process;

    private GatewayProcess(Dictionary<string, string> settings) => _settings = settings;

    /// <summary>Where it listens, the same after a restart.</summary>
    public Uri Address { get; } = new($"http://127.0.0.1:{FreePort()}");

    /// <summary>What it has written so far.</summary>
    public string Output => string.Join('\n', _output);

    /// <summary>The lines at which an error or worse begins in its log.</summary>
    public IEnumerable<string> Errors => _output.Where(line =>
        line.StartsWith("fail:", StringComparison.Ordinal) || line.StartsWith("crit:", StringComparison.Ordinal));

    /// <summary>The most memory that it has had.</summary>
    public long PeakMemoryBytes
    {
        get
        {
            _process!.Refresh();
            return _process.PeakWorkingSet64;
        }
    }

    /// <summary>What its store takes on the disk.</summary>
    public long StoreBytes => _data.EnumerateFiles("batch.db*").Sum(file => file.Length);

    /// <summary>Starts a gateway with settings such as <c>Batch:Upstream</c>; ready when this returns.</summary>
    public static async Task<GatewayProcess> StartAsync(params (string Key, string Value)[] settings)
    {
        var gateway = new GatewayProcess(settings.ToDictionary(setting => setting.Key, setting => setting.Value));
        await gateway.StartAsync();
        return gateway;
    }

    /// <summary>Starts it again on the same data.</summary>
    public async Task StartAsync()
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(ServerFolder, "Batching.Server.dll")])
        {
            WorkingDirectory = ServerFolder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Production";
        start.Environment["ASPNETCORE_URLS"] = Address.ToString();
        start.Environment["Batch__DataDirectory"] = _data.FullName;
        foreach (var (key, value) in _settings)
        {
            start.Environment[key.Replace(":", "__", StringComparison.Ordinal)] = value;
        }

        _process?.Dispose();
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => _output.Enqueue(line.Data ?? "");
        _process.ErrorDataReceived += (_, line) => _output.Enqueue(line.Data ?? "");
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        using var client = new HttpClient { BaseAddress = Address };
        await Eventually.BecomesTrueAsync(
            async () =>
            {
                Assert.False(_process.HasExited, Output);
                try
                {
                    using var health = await client.GetAsync(new Uri("/healthz", UriKind.Relative));
                    return health.IsSuccessStatusCode;
                }
                catch (HttpRequestException)
                {
                    // Not listening yet.
                    return false;
                }
            },
            "the gateway to be ready",
            StartDeadline);
    }

    /// <summary>Ends it as <c>kill -9</c> does.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            await KillAsync();
        }

        _process?.Dispose();
        _data.Delete(recursive: true);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
