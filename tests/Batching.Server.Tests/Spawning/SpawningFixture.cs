namespace Batching.Server.Tests.Spawning;

/// <summary>A gateway in front of a test API, shared by the tests that need nothing special.</summary>
public sealed class SpawningFixture : IAsyncLifetime
{
    public TestApi Api { get; private set; } = null!;

    public GatewayProcess Gateway { get; private set; } = null!;

    public WalkClient Rest { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Api = await TestApi.StartEmptyAsync();
        Gateway = await GatewayProcess.StartAsync(("Batch:Upstream", Api.Address), ("Batch:Limits:ResponseBytes", "20000000"));
        Rest = new WalkClient(Gateway.Address);
    }

    public async Task DisposeAsync()
    {
        Rest.Dispose();
        var errors = Gateway.Errors.ToArray();
        await Gateway.DisposeAsync();
        await Api.DisposeAsync();
        Assert.Empty(errors);
    }
}
