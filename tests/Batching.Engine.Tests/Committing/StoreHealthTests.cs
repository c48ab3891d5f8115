using Batching.Engine.Committing;
using Batching.Engine.Scheduling;
using Batching.Engine.Storage;
using Batching.Engine.Tests.Infrastructure;

namespace Batching.Engine.Tests.Committing;

public sealed class StoreHealthTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    // Waiting for the store holds no place: what stores nothing has all of them.
    [Fact]
    public async Task Run_StoreFailsForUnsafeRequests_TheyHoldNoPlaceAndAreSentOnceItWorks()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream, concurrency: 2);
        engine.ErrorsAreExpected = true;
        engine.Store.Committing = writes =>
        {
            engine.Store.WritesFail |= writes.Any(write => write is StoreWrite.MarkStarted);
            return Task.CompletedTask;
        };
        var batch = await engine.SubmitAsync([.. Enumerable.Range(0, 10).Select(i => EngineHost.Post($"/posts/{i}"))]);
        await Eventually.BeTrueAsync(() => engine.Store.FailedWrites > 0, "a refused intent to send");
        var queue = engine.Get<CallQueues>().All.First();
        await Eventually.BeTrueAsync(() => queue is { Waiting: 0, InFlight: 0 }, "no place being held");
        Assert.Empty(upstream.Requests);
        Assert.Equal(engine.Time.GetUtcNow(), engine.Get<StoreHealth>().FailingSince);

        engine.Store.Committing = null;
        engine.Store.WritesFail = false;
        await engine.Time.DriveAsync(engine.UntilDoneAsync(batch.Id), below: TimeSpan.FromSeconds(2));
        Assert.Equal(10, upstream.Requests.Count);
        Assert.Null(engine.Get<StoreHealth>().FailingSince);
    }

    // The sweep comes round every ten seconds; nothing waits for that.
    [Fact]
    public async Task Run_BatchIsOver_StopsItsWorkAtOnce()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(gate.PassAsync);
        await using var engine = await EngineHost.StartAsync(_directory, options =>
        {
            EngineHost.Upstream(upstream.Url, concurrency: 2)(options);
            options.Upstreams[0].Timeout = TimeSpan.FromHours(1);
            options.Retention.Responses = TimeSpan.FromSeconds(5);
        });
        var batch = await engine.SubmitAsync(EngineHost.Gets(4));
        await gate.UntilEnteredAsync(2);

        engine.Time.Advance(TimeSpan.FromSeconds(5));
        await engine.UntilDoneAsync(batch.Id);
        Assert.All(await engine.ResultsAsync(batch.Id), result => Assert.Equal(504, result.Response.StatusCode));
        gate.Open();
    }
}
