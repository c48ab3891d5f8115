namespace Batching.Server.Tests.Spawning;

/// <summary>The tests that share a gateway, one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class SharedSpawningGateway : ICollectionFixture<SpawningFixture>
{
    public const string Name = "spawning gateway";
}
