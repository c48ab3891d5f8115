namespace Batching.Benchmarks.Neighbours.Behaviours;

/// <summary>Calls that the API refuses, and after which it asks to be left alone.</summary>
internal sealed class RefusedCalls : Behaviour
{
    private static readonly string Batch = HostileOwner.Batch(
        100, i => $$"""{"path": "{{(i == 99 ? "refused/1" : "refused")}}", "method": "POST"}""");

    public override string Name => "429 storm";

    public override Task RunAsync(HostileOwner owner, CancellationToken stop) =>
        owner.RepeatAsync(4, stop => owner.PostAsync(Batch, stop), stop);
}
