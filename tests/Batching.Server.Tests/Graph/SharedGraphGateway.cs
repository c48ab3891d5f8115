namespace Batching.Server.Tests.Graph;

/// <summary>Tests that share one gateway, since each start of a process takes its time.</summary>
[CollectionDefinition(Name)]
public sealed class SharedGraphGateway : ICollectionFixture<GraphFixture>
{
    public const string Name = "one gateway of Graph";
}
