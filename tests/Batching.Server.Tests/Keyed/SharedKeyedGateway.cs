namespace Batching.Server.Tests.Keyed;

/// <summary>Tests that share one gateway, since each start of a process takes its time.</summary>
[CollectionDefinition(Name)]
public sealed class SharedKeyedGateway : ICollectionFixture<KeyedFixture>
{
    public const string Name = "one gateway";
}
