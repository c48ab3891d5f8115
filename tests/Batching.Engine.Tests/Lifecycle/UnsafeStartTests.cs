using Batching.Engine.Storage;
using Batching.Engine.Tests.Infrastructure;

namespace Batching.Engine.Tests.Lifecycle;

public sealed class UnsafeStartTests : IDisposable
{
    private const int Count = 1_000;

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Run_ManyUnsafeRequests_EachIntentIsStoredBeforeItsCallAndManyShareACommit()
    {
        var key = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        var early = 0;
        EngineHost? host = null;
        await using var upstream = await TestApi.StartAsync(async context =>
        {
            var index = int.Parse(context.Request.Path.Value!.Split('/')[^1], null);
            var started = await host!.Store.ListStartedAsync(await key.Task, CancellationToken.None);
            if (!started.Contains(index))
            {
                Interlocked.Increment(ref early);
            }
        });
        await using var engine = host = await EngineHost.StartAsync(_directory, upstream, concurrency: 64);
        var commits = 0;
        var intents = 0;
        engine.Store.Committing = writes =>
        {
            var starts = writes.OfType<StoreWrite.MarkStarted>().Sum(start => start.Indexes.Count);
            intents += starts;
            commits += starts > 0 ? 1 : 0;
            return Task.CompletedTask;
        };

        var batch = await engine.SubmitAsync([.. Enumerable.Range(0, Count).Select(i => EngineHost.Post($"/posts/{i}"))]);
        Assert.True(engine.Get<BatchIds>().TryParseBatch(batch.Id, out var batchKey));
        key.SetResult(batchKey);
        await Eventually.BeTrueAsync(() => upstream.Requests.Count == Count, "all calls");
        await engine.UntilDoneAsync(batch.Id);

        Assert.Equal(Count, upstream.Requests.Count);
        Assert.Equal(0, early);
        Assert.Equal(Count, intents);
        Assert.InRange(commits, 1, Count / 4);
    }
}
