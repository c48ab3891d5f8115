namespace Batching.Server.Keyed.Tests.Infrastructure;

/// <summary>Tests that share one gateway, since each start of a process takes its time.</summary>
[CollectionDefinition(Name)]
public sealed class SharedGateway : ICollectionFixture<GatewayFixture>
{
    public const string Name = "one gateway";
}
