namespace Batching.Benchmarks.Neighbours.Behaviours;

/// <summary>Queries whose first page brings ten thousand others at once.</summary>
internal sealed class SpawnerFanOut : Behaviour
{
    private static readonly string Batch = HostileOwner.Batch(10, _ =>
        """
        {"path": "numbered", "spawner": true,
         "pagination": {"style": "page", "page_size": 1, "page_count_pointer": "/page_count"}}
        """);

    public override string Name => "spawner fan-out";

    public override Task RunAsync(HostileOwner owner, CancellationToken stop) => owner.RepeatAsync(
        2,
        async stop =>
        {
            var status = await owner.PostAsync(Batch, stop);
            await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System, stop);
            return status;
        },
        stop);
}
