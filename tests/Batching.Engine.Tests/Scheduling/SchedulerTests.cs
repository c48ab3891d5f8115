using Batching.Engine.Configuration;
using Batching.Engine.Model;
using Batching.Engine.Running;
using Batching.Engine.Scheduling;
using Batching.Engine.Tests.Infrastructure;
using Batching.V1;
using Google.Protobuf;

namespace Batching.Engine.Tests.Scheduling;

public sealed class SchedulerTests : IDisposable
{
    // What of a batch waits in the queue when nothing is taken from it.
    private const int LoadedOfALargeBatch = 128;

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Run_BatchWasJustSubmitted_IsNotReadFromTheStore()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var batch = await engine.SubmitAsync(EngineHost.Gets(600));
        await engine.UntilDoneAsync(batch.Id);
        Assert.Equal(0, engine.Store.WindowsRead);
        Assert.Equal(600, upstream.Requests.Select(call => call.Target).Distinct().Count());
    }

    [Fact]
    public async Task Run_TwoOwners_TakeTurns()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(async context =>
        {
            if (context.Request.Path == "/first/0")
            {
                await gate.PassAsync(context);
            }
        });
        await using var engine = await EngineHost.StartAsync(_directory, upstream, concurrency: 1);
        await engine.SubmitAsync(EngineHost.Gets(1, "first"));
        await gate.UntilEnteredAsync(1);
        var a = await engine.SubmitAsync(EngineHost.Gets(200, "a"));
        var b = await engine.SubmitAsync(EngineHost.Gets(20, "b"), EngineHost.Bob);
        await UntilLoadedAsync(engine, LoadedOfALargeBatch + 20);
        gate.Open();
        await engine.UntilDoneAsync(b.Id, EngineHost.Bob);
        await engine.UntilDoneAsync(a.Id);

        var order = upstream.Requests.Select(call => call.Target).ToArray();
        var lastOfB = Array.IndexOf(order, "/b/19");
        Assert.InRange(lastOfB, 20, 45);
        Assert.Equal(Enumerable.Range(0, 200).Select(i => $"/a/{i}"), order.Where(target => target.StartsWith("/a", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Run_SmallBatchBehindAHugeOne_IsNotStarved()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(async context =>
        {
            if (context.Request.Path == "/huge/0")
            {
                await gate.PassAsync(context);
            }
        });
        await using var engine = await EngineHost.StartAsync(_directory, upstream, concurrency: 1);
        var huge = await engine.SubmitAsync(EngineHost.Gets(5_000, "huge"));
        await gate.UntilEnteredAsync(1);
        var small = await engine.SubmitAsync(EngineHost.Gets(10, "small"));
        await UntilLoadedAsync(engine, LoadedOfALargeBatch - 1 + 10);
        gate.Open();
        await engine.UntilDoneAsync(small.Id);
        await engine.UntilDoneAsync(huge.Id);
        var last = upstream.Requests.Select(call => call.Target).ToList().IndexOf("/small/9");
        Assert.InRange(last, 10, 600);
    }

    // An owner's part of the budget holds two requests of this size, the batch twenty, and only so much may be read ahead.
    [Fact]
    public async Task Run_BatchLargerThanTheWaitingBudget_IsLoadedAsItGoes()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(gate.PassAsync);
        await using var engine = await EngineHost.StartAsync(
            _directory,
            options =>
            {
                EngineHost.Upstream(upstream.Url, concurrency: 1)(options);
                options.Limits.WaitingBytes = 1_200_000;
            });
        var body = ByteString.CopyFrom(new byte[400_000]);
        var requests = Enumerable.Range(0, 20)
            .Select(i => new Request { Path = $"/{i}", Method = "PUT", Body = body }).ToArray();
        var batch = await engine.SubmitAsync(requests);
        await gate.UntilEnteredAsync(1);
        await UntilLoadedAsync(engine, 2);
        Assert.Equal(2, WaitingIn(engine));
        gate.Open();
        var results = await engine.ResultsAsync(batch.Id);
        Assert.Equal(20, results.Count);
        Assert.All(upstream.Requests, call => Assert.Equal(400_000, call.Body.Length));
    }

    // 256 of them are in a window.
    [Fact]
    public async Task Run_LargeBatch_OnlyTheNextRequestsAreDecoded()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(context =>
            context.Request.Path == "/items/200" ? gate.PassAsync(context) : Task.CompletedTask);
        await using var engine = await EngineHost.StartAsync(_directory, upstream, concurrency: 1);
        var batch = await engine.SubmitAsync(EngineHost.Gets(1000));
        await gate.UntilEnteredAsync(1);
        await UntilLoadedAsync(engine, 64);
        Assert.InRange(WaitingIn(engine), 64, 127);
        gate.Open();
        Assert.Equal(1000, (await engine.ResultsAsync(batch.Id)).Count);
    }

    [Fact]
    public async Task Run_UncommittedBudgetSmallerThanAResult_StillFinishes()
    {
        await using var upstream = await TestApi.StartAsync(
            context => context.Response.Body.WriteAsync(new byte[2_000_000]).AsTask());
        await using var engine = await EngineHost.StartAsync(
            _directory,
            options =>
            {
                EngineHost.Upstream(upstream.Url)(options);
                options.Limits.UncommittedBytes = 1 << 20;
            });
        var batch = await engine.SubmitAsync(EngineHost.Gets(20));
        Assert.Equal(20, (await engine.ResultsAsync(batch.Id)).Count);
    }

    // A name that does not resolve in time, a host that drops packets: no token of ours is signalled, yet it is a
    // cancellation by its type. It must not pass for the end of the gateway, or the request is lost.
    [Fact]
    public async Task Run_ConnectionAttemptIsCancelledByTheHandler_GivesAResult()
    {
        await using var engine = await EngineHost.StartAsync(
            _directory,
            options => options.Upstreams.Add(new UpstreamOptions
            {
                BaseAddress = new Uri("http://upstream.test"),
                ConnectCallback = async (_, cancellationToken) =>
                {
                    await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
                    throw new InvalidOperationException("Unreachable.");
                },
            }));
        // With a key: one attempt, and what is left over when the gateway stops.
        var request = EngineHost.Post("/x");
        request.Headers["Idempotency-Key"] = "1";
        var batch = await engine.SubmitAsync([request]);
        var result = Assert.Single(await engine.ResultsAsync(batch.Id));
        Assert.Equal(502, result.Response.StatusCode);
    }

    [Fact]
    public async Task Cancel_WaitingAndInFlight_EndsEverythingAndKeepsWhatIsDone()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(
            context => context.Request.Path == "/items/0" ? TestApi.EchoAsync(context) : gate.PassAsync(context));
        await using var engine = await EngineHost.StartAsync(_directory, upstream, concurrency: 3);
        var batch = await engine.SubmitAsync(EngineHost.Gets(1000));
        await gate.UntilEnteredAsync(3);
        await engine.UntilFinishedAsync(batch.Id, 1);

        var answer = await engine.Canceller.CancelAsync(EngineHost.Alice, batch.Id, CancellationToken.None);

        Assert.Equal(BatchState.Cancelled, answer.Value!.State);
        var results = await engine.ResultsAsync(batch.Id);
        Assert.Equal(1000, results.Count);
        Assert.Equal("/items/0", results[0].Response.Body.ToStringUtf8());
        Assert.All(results.Skip(1), result =>
        {
            Assert.Equal(499, result.Response.StatusCode);
            Assert.Equal((int)Google.Rpc.Code.Cancelled, result.Response.Error.Code);
        });
        Assert.Equal(4, upstream.Requests.Count);
        Assert.Equal((BatchState.Cancelled, 999L), await StateAsync(engine, batch.Id));

        // Once more changes nothing.
        await engine.Canceller.CancelAsync(EngineHost.Alice, batch.Id, CancellationToken.None);
        Assert.Equal((BatchState.Cancelled, 999L), await StateAsync(engine, batch.Id));
    }

    [Fact]
    public async Task Cancel_Done_LeavesTheBatchAsItIs()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var batch = await engine.SubmitAsync(EngineHost.Gets(3));
        await engine.UntilDoneAsync(batch.Id);
        await engine.Canceller.CancelAsync(EngineHost.Alice, batch.Id, CancellationToken.None);
        Assert.Equal((BatchState.Done, 0L), await StateAsync(engine, batch.Id));
    }

    [Fact]
    public async Task CancelAndDelete_BatchOfSomebodyElse_IsNotFoundAndGoesOn()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(gate.PassAsync);
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var batch = await engine.SubmitAsync(EngineHost.Gets(1));
        foreach (var id in (string[])[batch.Id, batch.Requests[0].Id, "1234567890123456"])
        {
            var cancelled = await engine.Canceller.CancelAsync(EngineHost.Bob, id, CancellationToken.None);
            Assert.Equal(new Refusal.NotFound("batch", id), cancelled.Refusal);
            var deleted = await engine.Deleter.DeleteAsync(EngineHost.Bob, id, CancellationToken.None);
            Assert.Equal(new Refusal.NotFound("batch", id), deleted.Refusal);
        }

        gate.Open();
        Assert.Equal(200, Assert.Single(await engine.ResultsAsync(batch.Id)).Response.StatusCode);
    }

    [Fact]
    public async Task Delete_Running_AbortsItAndLeavesNothing()
    {
        var gate = new Gate();
        var aborted = 0;
        await using var upstream = await TestApi.StartAsync(async context =>
        {
            await gate.PassAsync(context);
            Interlocked.Add(ref aborted, context.RequestAborted.IsCancellationRequested ? 1 : 0);
        });
        await using var engine = await EngineHost.StartAsync(_directory, upstream, concurrency: 2);
        var batch = await engine.SubmitAsync(EngineHost.Gets(500));
        var key = (await engine.Store.ListUnfinishedAsync(0, 1, default)).Single().Key;
        await gate.UntilEnteredAsync(2);
        var answer = await engine.Deleter.DeleteAsync(EngineHost.Alice, batch.Id, CancellationToken.None);
        Assert.True(answer.Succeeded);
        await Eventually.BeTrueAsync(() => Volatile.Read(ref aborted) == 2, "the end of the calls in flight");
        var status = await engine.Batches.GetStatusAsync(
            EngineHost.Alice, new GetBatchStatusRequest { BatchId = batch.Id }, CancellationToken.None);
        Assert.Equal(new Refusal.NotFound("batch", batch.Id), status.Refusal);
        Assert.False(engine.Get<ActiveBatches>().TryGet(key, out _));

        // The workers are free for others.
        gate.Open();
        var next = await engine.SubmitAsync(EngineHost.Gets(5, "next"));
        await engine.UntilDoneAsync(next.Id);
        Assert.Null(await engine.Store.ReadSegmentAsync(key, 1, CancellationToken.None));
    }

    private static async Task<(BatchState State, long Failed)> StateAsync(EngineHost engine, string id)
    {
        var batch = await engine.StatusAsync(id);
        return (batch.State, batch.FailedRequests);
    }

    private static int WaitingIn(EngineHost engine) => engine.Get<CallQueues>().All.First().Waiting;

    private static Task UntilLoadedAsync(EngineHost engine, int count) =>
        Eventually.BeTrueAsync(() => WaitingIn(engine) >= count, $"{count} waiting requests");
}
