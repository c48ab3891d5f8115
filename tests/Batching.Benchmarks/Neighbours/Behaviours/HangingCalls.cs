namespace Batching.Benchmarks.Neighbours.Behaviours;

/// <summary>Calls that the API does not answer.</summary>
internal sealed class HangingCalls : Behaviour
{
    private static readonly string Batch = HostileOwner.Batch(10_000, _ => """{"path": "ms/60000"}""");

    public override string Name => "hanging calls";

    public override Task RunAsync(HostileOwner owner, CancellationToken stop) => owner.RepeatAsync(
        1,
        async stop =>
        {
            var status = await owner.PostAsync(Batch, stop);
            await Task.Delay(TimeSpan.FromSeconds(10), TimeProvider.System, stop);
            return status;
        },
        stop);
}
