namespace Batching.Benchmarks.Neighbours.Behaviours;

/// <summary>Bodies that come a byte at a time.</summary>
internal sealed class SlowDripIn : Behaviour
{
    private const int Connections = 200;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    public override string Name => "slow drip in";

    public override Task RunAsync(HostileOwner owner, CancellationToken stop) => owner.RepeatAsync(
        Connections,
        async stop =>
        {
            using var socket = await owner.OpenAsync("POST /api/v0/batch", "Content-Length: 1000000\r\n", stop);
            while (true)
            {
                await socket.SendAsync(" "u8.ToArray(), stop);
                await Task.Delay(Pause, TimeProvider.System, stop);
            }
        },
        stop);
}
