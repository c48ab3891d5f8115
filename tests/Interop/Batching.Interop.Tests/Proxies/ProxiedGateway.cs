using System.Collections.Concurrent;

namespace Batching.Interop.Tests.Proxies;

/// <summary>The gateway, the API behind it and the proxies in front of it. Each is started by the first test that asks for it.</summary>
public sealed class ProxiedGateway : IAsyncLifetime
{
    private readonly ConcurrentDictionary<(ProxyKind, ProxySettings), Lazy<Task<ProxyProcess>>> _proxies = new();
    private readonly Lazy<Task<HeldApi>> _api = new(HeldApi.StartAsync);
    private readonly Lazy<Task<PatientServerProcess>> _server;

    public ProxiedGateway() => _server = new(async () => new PatientServerProcess((await _api.Value).Address));

    /// <summary>The API behind the gateway.</summary>
    internal Task<HeldApi> ApiAsync() => _api.Value;

    /// <summary>The gateway.</summary>
    internal Task<PatientServerProcess> ServerAsync() => _server.Value;

    /// <summary>The way without a proxy.</summary>
    internal async Task<Route> DirectAsync()
    {
        var gateway = await GatewayAsync();
        return new Route("direct", gateway, gateway);
    }

    /// <summary>The way through a proxy.</summary>
    internal async Task<Route> ThroughAsync(ProxyKind proxy, ProxySettings settings)
    {
        var gateway = await GatewayAsync();
        var process = await _proxies.GetOrAdd((proxy, settings), _ => new(() => StartAsync(proxy, settings, gateway))).Value;
        return new Route($"{proxy} ({settings})", At(process.Addresses.RestPort), At(process.Addresses.GrpcPort));

        Endpoint At(int port) => gateway with { Url = new UriBuilder(Uri.UriSchemeHttp, "127.0.0.1", port).Uri };
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var proxy in _proxies.Values)
        {
            (await proxy.Value).Dispose();
        }

        if (_server.IsValueCreated)
        {
            using var server = await _server.Value;
            await server.DisposeAsync();
        }

        if (_api.IsValueCreated)
        {
            await (await _api.Value).DisposeAsync();
        }
    }

    private async Task<Endpoint> GatewayAsync() => await (await _server.Value).EndpointAsync(Uri.UriSchemeHttp);

    private static Task<ProxyProcess> StartAsync(ProxyKind proxy, ProxySettings settings, Endpoint gateway)
    {
        var rest = FreePort.Find();
        var grpc = ProxyConfiguration.HasPortForGrpc(proxy) ? FreePort.Find() : rest;
        return ProxyProcess.StartAsync(proxy, settings, new ProxyAddresses(rest, grpc, gateway.Url.Authority));
    }
}
