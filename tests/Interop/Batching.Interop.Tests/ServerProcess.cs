namespace Batching.Interop.Tests;

/// <summary>
/// The gateway with the sample API behind it, once in cleartext and once over TLS. Started by the first test that asks for
/// it, so none is started if all are skipped.
/// </summary>
public class ServerProcess : IAsyncLifetime, IDisposable
{
    private static readonly TimeSpan StopDeadline = TimeSpan.FromSeconds(10);

    private readonly TemporaryDirectory _folder = new();
    private readonly Lazy<Task<IReadOnlyDictionary<string, Endpoint>>> _endpoints;
    private GatewayProcess? _process;

    public ServerProcess() => _endpoints = new(StartAsync);

    /// <summary>What the environment has beside the addresses to listen at.</summary>
    protected virtual IReadOnlyDictionary<string, string> Environment { get; } = new Dictionary<string, string>();

    /// <summary>What the process has written so far.</summary>
    public string Output => _process?.Output ?? "";

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
        if (_process is { HasExited: false })
        {
            await _process.TerminateAsync();
            await _process.WaitForExitAsync(StopDeadline);
            AssertNoErrors();
        }
    }

    /// <summary>Fails with all that the process has written if an error or worse is in it.</summary>
    public void AssertNoErrors() => _process?.AssertNoErrors();

    public void Dispose()
    {
        GC.SuppressFinalize(this);
        _process?.Dispose();
        _folder.Dispose();
    }

    private async Task<IReadOnlyDictionary<string, Endpoint>> StartAsync()
    {
        var authority = new TestAuthority(_folder.FullName);
        _process = await GatewayProcess.StartAsync(Environment
            .Select(setting => (setting.Key, setting.Value))
            .Concat([
                ("ASPNETCORE_ENVIRONMENT", "Development"),
                ("ASPNETCORE_URLS", "http://127.0.0.1:0;https://127.0.0.1:0"),
                ("Batch:Tls:CertificateFile", authority.CertificateFile),
                ("Batch:Tls:KeyFile", authority.KeyFile),
            ]));
        return _process.Addresses
            .Select(address => new Endpoint(new Uri(address), authority.RootFile))
            .ToDictionary(endpoint => endpoint.Url.Scheme);
    }
}
