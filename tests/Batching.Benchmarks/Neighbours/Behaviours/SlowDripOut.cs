namespace Batching.Benchmarks.Neighbours.Behaviours;

/// <summary>Streams of results that are read a little at a time.</summary>
internal sealed class SlowDripOut : Behaviour
{
    private const int Connections = 200;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private string _batch = "";

    public override string Name => "slow drip out";

    public override async Task PrepareAsync(HostileOwner owner) => _batch = await owner.PrepareAsync(200, 64);

    public override Task RunAsync(HostileOwner owner, CancellationToken stop) => owner.RepeatAsync(
        Connections,
        async stop =>
        {
            using var socket = await owner.OpenAsync($"GET /api/v0/batch/{_batch}/results?after=0", "", stop);
            var buffer = new byte[512];
            while (await socket.ReceiveAsync(buffer, stop) > 0)
            {
                await Task.Delay(Pause, TimeProvider.System, stop);
            }

            return "read to the end";
        },
        stop);
}
