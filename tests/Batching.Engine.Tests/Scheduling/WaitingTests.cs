using Batching.Engine.Model;
using Batching.Engine.Scheduling;
using Batching.Engine.Tests.Infrastructure;

namespace Batching.Engine.Tests.Scheduling;

/// <summary>The number of requests that wait decoded in memory, which goes by the places of their upstream.</summary>
public sealed class WaitingTests : IDisposable
{
    private const int MostWaiting = 512;

    private readonly TemporaryDirectory _directory = new();
    private readonly Gate _gate = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    public async Task Run_ManyBatches_NoMoreWaitThanForFew(int owners)
    {
        const int Batches = 200;
        const int Requests = 10;
        CallQueue? calls = null;
        var most = 0;
        await using var upstream = await TestApi.StartAsync(async context =>
        {
            await _gate.PassAsync(context);
            InterlockedMax(ref most, calls!.Waiting);
        });
        await using var engine = await EngineHost.StartAsync(_directory, upstream, concurrency: 8);
        calls = engine.Get<CallQueues>().All.Single();
        var batches = new List<(string Id, Caller Owner)>();
        for (var i = 0; i < Batches; i++)
        {
            var owner = new Caller($"owner {i % owners}", null);
            batches.Add(((await engine.SubmitAsync(EngineHost.Gets(Requests), owner)).Id, owner));
        }

        // Enough for all places, of every owner.
        await Eventually.BeTrueAsync(() => calls.Waiting >= MostWaiting / 2, "what waits");
        _gate.Open();
        foreach (var (id, owner) in batches)
        {
            await engine.UntilDoneAsync(id, owner);
        }

        Assert.InRange(most, 1, MostWaiting);
        Assert.Equal(Batches * Requests, upstream.Requests.Count);
    }

    // They would fill what may wait several times over.
    [Fact]
    public async Task Run_ManyBatchesHang_AnotherOwnersAreAnswered()
    {
        await using var upstream = await StartAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream, concurrency: 8);
        var calls = engine.Get<CallQueues>().All.Single();
        for (var i = 0; i < 200; i++)
        {
            await engine.SubmitAsync(EngineHost.Gets(10, "hang"));
        }

        await Eventually.BeTrueAsync(() => calls.Waiting >= MostWaiting / 2, "what waits");
        var batch = await engine.SubmitAsync(EngineHost.Gets(200), EngineHost.Bob);
        await engine.UntilDoneAsync(batch.Id, EngineHost.Bob);
        _gate.Open();
    }

    // One large batch leaves room for another one of its owner, which gets its turn as if it were alone.
    [Fact]
    public async Task Run_LargeBatchWaits_AnotherOneOfItsOwnerWaitsBesideIt()
    {
        await using var upstream = await StartAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream, concurrency: 8);
        var calls = engine.Get<CallQueues>().All.Single();
        await engine.SubmitAsync(EngineHost.Gets(5_000, "hang"));
        await _gate.UntilEnteredAsync(6);
        await Eventually.BeTrueAsync(() => calls.Waiting >= 64, "what waits of the large batch");
        var before = calls.Waiting;
        await engine.SubmitAsync(EngineHost.Gets(60, "hang"));
        await Eventually.BeTrueAsync(() => calls.Waiting >= before + 60, "what waits of the small one");
        _gate.Open();
    }

    private static void InterlockedMax(ref int most, int value)
    {
        for (var seen = Volatile.Read(ref most); value > seen;)
        {
            var before = Interlocked.CompareExchange(ref most, value, seen);
            if (before == seen)
            {
                return;
            }

            seen = before;
        }
    }

    private Task<TestApi> StartAsync() => TestApi.StartAsync(context =>
        context.Request.Path.StartsWithSegments("/hang") ? _gate.PassAsync(context) : Task.CompletedTask);
}
