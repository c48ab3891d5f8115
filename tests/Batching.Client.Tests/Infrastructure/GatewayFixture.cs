namespace Batching.Client.Tests.Infrastructure;

/// <summary>A gateway that the tests of a class share, because none of them kills it.</summary>
public sealed class GatewayFixture : IAsyncLifetime
{
    private TestGateway? _gateway;

    public TestGateway Gateway => _gateway!;

    public async Task InitializeAsync() => _gateway = await TestGateway.StartNewAsync();

    public Task DisposeAsync()
    {
        _gateway?.Dispose();
        return Task.CompletedTask;
    }
}
