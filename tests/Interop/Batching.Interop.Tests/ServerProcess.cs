using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Batching.Interop.Tests;

/// <summary>
/// The gateway as its users run it: a process of its own with an empty data folder and the sample API
/// behind it, once in cleartext and once over TLS. Started by the first test that asks for it, so none is
/// started if all are skipped.
/// </summary>
public class ServerProcess : IAsyncLifetime, IDisposable
{
    private static readonly TimeSpan StartDeadline = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan StopDeadline = TimeSpan.FromSeconds(10);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("batch-interop-");
    private readonly ConcurrentQueue<string> _output = new();
    private readonly Lazy<Task<IReadOnlyDictionary<string, Endpoint>>> _endpoints;
    private Process? _process;

    public ServerProcess() => _endpoints = new(StartAsync);

    /// <summary>What the environment has beside an empty data folder and the addresses to listen at.</summary>
    protected virtual IReadOnlyDictionary<string, string> Environment { get; } = new Dictionary<string, string>();

    /// <summary>What the process has written so far.</summary>
    public string Output => string.Join('\n', _output);

    /// <summary>Where the ready server listens in cleartext: host and port.</summary>
    public async Task<string> AddressAsync() => (await EndpointAsync(Uri.UriSchemeHttp)).Url.Authority;

    /// <summary>Where the ready server listens.</summary>
    /// <param name="scheme"><c>http</c> or <c>https</c>.</param>
    public async Task<Endpoint> EndpointAsync(string scheme) => (await _endpoints.Value)[scheme];

    public virtual Task InitializeAsync() => Task.CompletedTask;

    /// <summary>
    /// Stops the server as an operator does; it must not take longer than it promises, and what its log tells now,
    /// behind the last test's look at it, must not be an error either.
    /// </summary>
    public virtual async Task DisposeAsync()
    {
        if (_process is { HasExited: false } process)
        {
            await ExternalProgram.RunAsync("kill", "-TERM", $"{process.Id}");
            using var deadline = new CancellationTokenSource(StopDeadline);
            try
            {
                await process.WaitForExitAsync(deadline.Token);
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                throw new TimeoutException($"The server did not stop within {StopDeadline}:\n{Output}");
            }

            AssertNoErrors();
        }
    }

    /// <summary>Fails with all that the process has written if an error or worse is in it.</summary>
    public void AssertNoErrors() => Assert.False(
        _output.Any(line =>
            line.StartsWith("fail:", StringComparison.Ordinal) || line.StartsWith("crit:", StringComparison.Ordinal)),
        $"The server has logged an error:\n{Output}");

    public void Dispose()
    {
        GC.SuppressFinalize(this);
        _process?.Dispose();
        _folder.Delete(recursive: true);
    }

    /// <summary>A port that nobody listens at.</summary>
    internal static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private async Task<IReadOnlyDictionary<string, Endpoint>> StartAsync()
    {
        var authority = new TestAuthority(_folder.FullName);
        var endpoints = new[] { Uri.UriSchemeHttp, Uri.UriSchemeHttps }.ToDictionary(
            scheme => scheme,
            scheme => new Endpoint(new UriBuilder(scheme, "127.0.0.1", FreePort()).Uri, authority.RootFile));
        var start = new ProcessStartInfo("dotnet", [Path.Combine(Folders.Server, "Batching.Server.dll")])
        {
            WorkingDirectory = Folders.Server,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["ASPNETCORE_ENVIRONMENT"] = "Development",
                ["ASPNETCORE_URLS"] = string.Join(';', endpoints.Values.Select(endpoint => endpoint.Address)),
                ["Batch__DataDirectory"] = Path.Combine(_folder.FullName, "data"),
                ["Batch__Tls__CertificateFile"] = authority.CertificateFile,
                ["Batch__Tls__KeyFile"] = authority.KeyFile,
            },
        };
        foreach (var (name, value) in Environment)
        {
            start.Environment[name] = value;
        }

        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => _output.Enqueue(line.Data ?? "");
        _process.ErrorDataReceived += (_, line) => _output.Enqueue(line.Data ?? "");
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        await WaitUntilReadyAsync(endpoints[Uri.UriSchemeHttp]);
        return endpoints;
    }

    private async Task WaitUntilReadyAsync(Endpoint endpoint)
    {
        using var client = new HttpClient { BaseAddress = endpoint.Url };
        var started = Stopwatch.StartNew();
        while (true)
        {
            if (_process!.HasExited || started.Elapsed > StartDeadline)
            {
                throw new TimeoutException($"The server was not ready after {started.Elapsed}:\n{Output}");
            }

            try
            {
                using var health = await client.GetAsync("/healthz");
                if (health.IsSuccessStatusCode)
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
