namespace Batching.Interop.Tests.DotNet;

/// <summary>One server for all tests of the client of .NET.</summary>
[CollectionDefinition(Name)]
public sealed class DotNetServer : ICollectionFixture<ServerProcess>
{
    public const string Name = "Grpc.Net.Client";
}
