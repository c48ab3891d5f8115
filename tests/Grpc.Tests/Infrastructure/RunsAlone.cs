namespace Grpc.Tests.Infrastructure;

/// <summary>Tests that measure the process: none other runs beside them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class RunsAlone
{
    public const string Name = "Runs alone";
}
