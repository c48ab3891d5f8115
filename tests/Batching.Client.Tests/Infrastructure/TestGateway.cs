namespace Batching.Client.Tests.Infrastructure;

/// <summary>
/// The gateway in front of its sample API, as a process that can be killed and started again: at the same port, over the same data.
/// </summary>
/// <param name="settings">Further settings of it.</param>
public sealed class TestGateway(IReadOnlyDictionary<string, string>? settings = null) : IDisposable
{
    private GatewayProcess? _process;

    // It is known before the gateway runs.
    public Uri Address { get; } = new(FreePort.FindUrl());

    /// <summary>One that does not run yet.</summary>
    /// <param name="settings">Further settings of it.</param>
    public static TestGateway Create(IReadOnlyDictionary<string, string>? settings = null) => new(settings);

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
        if (_process is not null)
        {
            await _process.RestartAsync();
            return;
        }

        _process = await GatewayProcess.StartAsync(new Dictionary<string, string>(settings ?? new Dictionary<string, string>())
        {
            ["ASPNETCORE_ENVIRONMENT"] = "Development",
            ["ASPNETCORE_URLS"] = Address.ToString(),
        });
    }

    /// <summary>kill -9.</summary>
    public Task KillAsync() => _process!.KillAsync();

    /// <summary>A client of it, which tries again soon.</summary>
    /// <param name="address">Where it connects to; null for the gateway itself.</param>
    public BatchClient NewClient(Uri? address = null) => new(new BatchClientOptions
    {
        Address = address ?? Address,
        RetryDelay = TimeSpan.FromMilliseconds(50),
        MaxRetryDelay = TimeSpan.FromMilliseconds(500),
    });

    public void Dispose() => _process?.Dispose();
}
