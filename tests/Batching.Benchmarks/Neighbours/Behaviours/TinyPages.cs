namespace Batching.Benchmarks.Neighbours.Behaviours;

/// <summary>Queries that never end, over pages of one item.</summary>
internal sealed class TinyPages : Behaviour
{
    private static readonly string Batch = HostileOwner.Batch(100, _ => """{"path": "endless", "spawner": true}""");

    public override string Name => "tiny pages";

    public override Task RunAsync(HostileOwner owner, CancellationToken stop) => owner.RepeatAsync(
        1,
        async stop =>
        {
            var status = await owner.PostAsync(Batch, stop);
            await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, stop);
            return status;
        },
        stop);
}
