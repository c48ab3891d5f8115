namespace Batching.Server.Tests.Infrastructure;

/// <summary>One gateway and one API for tests that leave no trace in them.</summary>
public sealed class GatewayFixture : IAsyncLifetime
{
    private TestApi? _api;
    private Gateway? _gateway;

    public TestApi Api => _api!;

    public Gateway Gateway => _gateway!;

    public async Task InitializeAsync()
    {
        _api = await TestApi.StartAsync();
        _gateway = await Gateway.StartAsync(_api);
    }

    public async Task DisposeAsync()
    {
        await Gateway.DisposeAsync();
        await Api.DisposeAsync();
    }
}
