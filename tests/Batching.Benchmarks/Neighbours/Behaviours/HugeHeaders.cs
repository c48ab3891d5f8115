namespace Batching.Benchmarks.Neighbours.Behaviours;

/// <summary>Header fields as large as they may be, and larger, of the call itself and of the requests of a batch.</summary>
internal sealed class HugeHeaders : Behaviour
{
    private static readonly string Field = new('x', 8_000);

    private static readonly string Batch =
        HostileOwner.Batch(1_000, _ => $$$"""{"path": "kb/0", "headers": {"X-Large": "{{{Field}}}"}}""");

    private int _next;

    public override string Name => "huge headers";

    public override Task RunAsync(HostileOwner owner, CancellationToken stop) => owner.RepeatAsync(
        16,
        async stop =>
        {
            var turn = (uint)Interlocked.Increment(ref _next) % 3;
            if (turn == 0)
            {
                return await owner.PostAsync(Batch, stop);
            }

            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("/api/v0/batch", UriKind.Relative));
            for (var i = 0; i < (turn == 1 ? 3 : 20); i++)
            {
                request.Headers.Add($"X-Large-{i}", Field);
            }

            using var reply = await owner.Http.SendAsync(request, stop);
            return $"{(int)reply.StatusCode}";
        },
        stop);
}
