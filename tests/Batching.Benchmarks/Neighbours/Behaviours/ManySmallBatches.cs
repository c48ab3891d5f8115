namespace Batching.Benchmarks.Neighbours.Behaviours;

/// <summary>Batches of one request, one after the other.</summary>
internal sealed class ManySmallBatches : Behaviour
{
    public override string Name => "many small batches";

    public override Task RunAsync(HostileOwner owner, CancellationToken stop) =>
        owner.RepeatAsync(16, stop => owner.PostAsync("""[{"path": "kb/0"}]""", stop), stop);
}
