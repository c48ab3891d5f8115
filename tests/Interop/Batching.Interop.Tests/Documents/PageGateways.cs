namespace Batching.Interop.Tests.Documents;

/// <summary>
/// The gateway that the pages speak of, with the sample API below <c>/sample</c> and the API of the pages elsewhere. It is started by
/// the first page that asks for it.
/// </summary>
public sealed class PageGateways : IAsyncLifetime
{
    private readonly Lazy<Task<TestApi>> _api = new(() => TestApi.StartAsync(PageApi.AnswerAsync));
    private readonly Lazy<Task<GatewayProcess>> _sample = new(() => GatewayProcess.StartAsync(("ASPNETCORE_ENVIRONMENT", "Development")));
    private readonly List<GatewayProcess> _gateways = [];

    public Task InitializeAsync() => Task.CompletedTask;

    /// <summary>Starts a gateway for one page: what a page lists are its own batches.</summary>
    /// <param name="operations">The address for operators; null for none.</param>
    public async Task<GatewayProcess> StartAsync(Uri? operations)
    {
        var settings = new List<(string Key, string Value)>
        {
            ("Batch:Upstreams:0:Prefix", "/sample"),
            ("Batch:Upstreams:0:BaseAddress", (await _sample.Value).Address),
            ("Batch:Upstreams:1:Prefix", "/"),
            ("Batch:Upstreams:1:BaseAddress", (await _api.Value).Address),
        };
        if (operations is not null)
        {
            settings.Add(("Batch:Operations:Url", operations.GetLeftPart(UriPartial.Authority)));
        }

        var gateway = await GatewayProcess.StartAsync(settings);
        lock (_gateways)
        {
            _gateways.Add(gateway);
        }

        return gateway;
    }

    public async Task DisposeAsync()
    {
        foreach (var gateway in _gateways)
        {
            await gateway.DisposeAsync();
        }

        if (_sample.IsValueCreated)
        {
            await (await _sample.Value).DisposeAsync();
        }

        if (_api.IsValueCreated)
        {
            await (await _api.Value).DisposeAsync();
        }
    }
}
