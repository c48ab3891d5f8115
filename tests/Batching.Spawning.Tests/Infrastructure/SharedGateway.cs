namespace Batching.Spawning.Tests.Infrastructure;

/// <summary>The tests that share a gateway, one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class SharedGateway : ICollectionFixture<GatewayFixture>
{
    public const string Name = "gateway";
}
