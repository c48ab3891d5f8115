namespace Batching.Benchmarks.Neighbours.Behaviours;

/// <summary>Streams of results that nobody reads.</summary>
internal sealed class UnreadStreams : Behaviour
{
    private const int Connections = 500;

    private string _batch = "";

    public override string Name => "unread streams";

    public override async Task PrepareAsync(HostileOwner owner) => _batch = await owner.PrepareAsync(500, 64);

    public override Task RunAsync(HostileOwner owner, CancellationToken stop) => owner.RepeatAsync(
        Connections,
        async stop =>
        {
            using var socket = await owner.OpenAsync($"GET /api/v0/batch/{_batch}/results?after=0", "", stop);
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop);
            return "";
        },
        stop);
}
