namespace Batching.Benchmarks.Neighbours.Behaviours;

/// <summary>JSON of very many levels: as the batch, as a body and as params.</summary>
internal sealed class DeepJson : Behaviour
{
    private const int Depth = 500_000;

    private static readonly string Deep = new string('[', Depth) + new string(']', Depth);

    private static readonly string[] Bodies =
    [
        Deep, $$"""[{"path": "kb/0", "method": "POST", "body": {{Deep}}}]""", $$$"""[{"path": "kb/0", "params": {"a": {{{Deep}}}}}]""",
    ];

    private int _next;

    public override string Name => "deep JSON";

    public override Task RunAsync(HostileOwner owner, CancellationToken stop) => owner.RepeatAsync(
        16, stop => owner.PostAsync(Bodies[(uint)Interlocked.Increment(ref _next) % Bodies.Length], stop), stop);
}
