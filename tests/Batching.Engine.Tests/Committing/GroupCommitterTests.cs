using Batching.Engine.Scheduling;
using Batching.Engine.Storage;
using Batching.Engine.Tests.Infrastructure;
using Batching.V1;

namespace Batching.Engine.Tests.Committing;

public sealed class GroupCommitterTests : IDisposable
{
    private static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(10);

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Commit_StoreFailsForAWhile_RefusesSubmissionsKeepsResultsAndGoesOnByItself()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(async context =>
        {
            await gate.PassAsync(context);
            await TestApi.EchoAsync(context);
        });
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        engine.ErrorsAreExpected = true;
        var batch = await engine.SubmitAsync(EngineHost.Gets(100));
        await gate.UntilEnteredAsync(6);
        engine.Store.WritesFail = true;
        gate.Open();
        await Eventually.BeTrueAsync(() => engine.Store.FailedWrites > 0, "a refused group");

        var submission = engine.Submitter.SubmitAsync(EngineHost.Bob, EngineHost.Gets(1), [], CancellationToken.None).AsTask();
        await DriveToFailureAsync(engine, submission);
        Assert.Equal(0, await FinishedAsync(engine, batch.Id));

        engine.Store.WritesFail = false;
        await engine.Time.DriveAsync(engine.UntilDoneAsync(batch.Id), below: TimeSpan.FromSeconds(2));
        Assert.Equal(100, (await engine.ResultsAsync(batch.Id)).Count);
        Assert.Equal(100, upstream.Requests.Count);
        var list = await engine.Batches.ListAsync(EngineHost.Bob, new ListBatchesRequest(), CancellationToken.None);
        Assert.Empty(list.Value!.Batches);
        await engine.UntilDoneAsync((await engine.SubmitAsync(EngineHost.Gets(1))).Id);
    }

    [Fact]
    public async Task Commit_OthersOfTheBatchAreUnderWay_WaitsForThemNoLongerThanTheDelay()
    {
        var (first, second) = (new Gate(), new Gate());
        await using var upstream = await TestApi.StartAsync(
            context => (context.Request.Path == "/items/0" ? first : second).PassAsync(context));
        await using var engine = await StartWithDelayAsync(upstream);
        var batch = await engine.SubmitAsync(EngineHost.Gets(2));
        await first.UntilEnteredAsync(1);
        await second.UntilEnteredAsync(1);

        first.Open();
        await Eventually.BeTrueAsync(() => engine.Time.Pending.Contains(Delay), "a result that waits for others");
        Assert.Equal(0, await FinishedAsync(engine, batch.Id));
        engine.Time.Advance(Delay);
        await engine.UntilFinishedAsync(batch.Id, 1);

        // Behind the last one there is nothing to wait for, and the clock stands still.
        second.Open();
        await engine.UntilDoneAsync(batch.Id);
    }

    [Fact]
    public async Task Commit_SubmissionComesWhileResultsWait_IsStoredAtOnceAndTheyWithIt()
    {
        var (first, second) = (new Gate(), new Gate());
        await using var upstream = await TestApi.StartAsync(
            context => (context.Request.Path == "/items/0" ? first : second).PassAsync(context));
        await using var engine = await StartWithDelayAsync(upstream);
        var batch = await engine.SubmitAsync(EngineHost.Gets(2));
        await first.UntilEnteredAsync(1);
        await second.UntilEnteredAsync(1);
        first.Open();
        await Eventually.BeTrueAsync(() => engine.Time.Pending.Contains(Delay), "a result that waits for others");

        await engine.SubmitAsync(EngineHost.Gets(1), EngineHost.Bob);
        Assert.Equal(1, await FinishedAsync(engine, batch.Id));
        second.Open();
    }

    // The group is then as large as one may be, and takes nothing more in.
    [Fact]
    public async Task Commit_StoreFailsUnderAFullGroup_StillRefusesSubmissions()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(async context =>
        {
            await gate.PassAsync(context);
            await context.Response.Body.WriteAsync(new byte[9_000_000]);
        });
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        engine.ErrorsAreExpected = true;
        var batch = await engine.SubmitAsync(EngineHost.Gets(4));
        await gate.UntilEnteredAsync(4);
        engine.Store.WritesFail = true;
        gate.Open();
        await Eventually.BeTrueAsync(
            () =>
            {
                engine.Time.Advance(TimeSpan.FromSeconds(1));
                return engine.Store.FailedWrites > 20;
            },
            "many refused groups");

        var submission = engine.Submitter.SubmitAsync(EngineHost.Bob, EngineHost.Gets(1), [], CancellationToken.None).AsTask();
        await DriveToFailureAsync(engine, submission);

        engine.Store.WritesFail = false;
        await engine.Time.DriveAsync(engine.UntilDoneAsync(batch.Id), below: TimeSpan.FromSeconds(2));
        Assert.Single(engine.Errors, error => error.StartsWith("CommitFailed", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Stop_StoreFails_EndsAndTheNextStartMakesUpForIt()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(async context =>
        {
            if (context.Request.Path == "/items/0")
            {
                await gate.PassAsync(context);
            }

            await TestApi.EchoAsync(context);
        });
        Batch batch;
        await using (var engine = await EngineHost.StartAsync(_directory, upstream, concurrency: 2))
        {
            engine.ErrorsAreExpected = true;
            batch = await engine.SubmitAsync([EngineHost.Gets(1)[0], .. Enumerable.Range(1, 9).Select(i => EngineHost.Post($"/items/{i}"))]);
            await gate.UntilEnteredAsync(1);
            await engine.UntilFinishedAsync(batch.Id, 9);
            engine.Store.WritesFail = true;
            var more = await Record.ExceptionAsync(async () => await engine.Time.DriveAsync(
                engine.Submitter.SubmitAsync(EngineHost.Alice, [EngineHost.Post("/refused")], [], CancellationToken.None).AsTask(),
                below: TimeSpan.FromSeconds(2)));
            Assert.IsType<StoreUnavailableException>(more);
            gate.Open();
            var stop = engine.StopAsync();
            await engine.Time.DriveAsync(stop.ContinueWith(_ => true, TaskScheduler.Default), below: TimeSpan.FromSeconds(5));
            await stop;
        }

        await using (var engine = await EngineHost.StartAsync(_directory, upstream))
        {
            Assert.Equal(10, (await engine.ResultsAsync(batch.Id)).Count);
        }
    }

    // A worker that waits to remember that a request is about to be sent must not keep the gateway from stopping.
    [Fact]
    public async Task Stop_StoreFailsWhileAnUnsafeRequestIsAboutToBeSent_EndsWithoutSendingIt()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using (var engine = await EngineHost.StartAsync(_directory, upstream, concurrency: 2))
        {
            engine.ErrorsAreExpected = true;
            engine.Store.Committing = writes =>
            {
                engine.Store.WritesFail |= writes.Any(write => write is StoreWrite.MarkStarted);
                return Task.CompletedTask;
            };
            await engine.SubmitAsync([EngineHost.Post("/a"), EngineHost.Post("/b"), EngineHost.Post("/c")]);
            await Eventually.BeTrueAsync(() => engine.Store.FailedWrites > 0, "a refused group");
            var stop = engine.StopAsync();
            await engine.Time.DriveAsync(stop.ContinueWith(_ => true, TaskScheduler.Default), below: TimeSpan.FromSeconds(5));
            await stop;
        }

        Assert.Empty(upstream.Requests);
    }

    // The store hangs until the grace time is over and then fails; behind its last group a worker is still in line.
    [Fact]
    public async Task Stop_StoreFailsWhileOthersAreInLine_TellsThemAndEnds()
    {
        var gate = new Gate();
        var release = new TaskCompletionSource();
        var hangs = new TaskCompletionSource();
        await using var upstream = await TestApi.StartAsync(
            context => context.Request.Path == "/held" ? gate.PassAsync(context) : TestApi.EchoAsync(context));
        await using var engine = await EngineHost.StartAsync(_directory, upstream, concurrency: 1);
        engine.ErrorsAreExpected = true;
        await engine.SubmitAsync([new Request { Path = "/held" }]);
        await gate.UntilEnteredAsync(1);
        await engine.SubmitAsync([new Request { Path = "/b" }, new Request { Path = "/c" }, EngineHost.Post("/d")]);
        var queue = engine.Get<CallQueues>().All.First();
        await Eventually.BeTrueAsync(() => queue.Waiting == 3, "the second batch in its queue");
        engine.Store.Committing = async writes =>
        {
            hangs.TrySetResult();
            await release.Task;
        };
        gate.Open();
        await Eventually.WithDeadlineAsync(hangs.Task, "a group on its way");
        await Eventually.BeTrueAsync(() => queue.Waiting == 0, "the unsafe request being taken");

        var stop = engine.StopAsync();
        await Eventually.BeTrueAsync(
            () => engine.Time.Pending.Contains(TimeSpan.FromSeconds(2)), "the wait for the last results");
        engine.Time.Advance(TimeSpan.FromSeconds(2));
        engine.Store.WritesFail = true;
        release.SetResult();
        await engine.Time.DriveAsync(stop.ContinueWith(_ => true, TaskScheduler.Default), below: TimeSpan.FromSeconds(2));
        await stop;
        Assert.DoesNotContain(upstream.Requests, call => call.Target == "/d");
    }

    [Fact]
    public async Task Start_UnsafeRequest_IsDurableBeforeAByteLeaves()
    {
        var committing = new TaskCompletionSource();
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var seen = new TaskCompletionSource();
        engine.Store.Committing = async writes =>
        {
            if (writes.Any(write => write is StoreWrite.MarkStarted))
            {
                seen.TrySetResult();
                await committing.Task;
            }
        };
        var batch = await engine.SubmitAsync([EngineHost.Post("/x")]);
        await Eventually.WithDeadlineAsync(seen.Task, "the intent to send");
        Assert.Empty(upstream.Requests);
        committing.SetResult();
        await engine.UntilDoneAsync(batch.Id);
        Assert.Single(upstream.Requests);
    }

    private static async Task<long> FinishedAsync(EngineHost engine, string id)
    {
        var batch = await engine.StatusAsync(id);
        return batch.TotalRequests - batch.RunningRequests;
    }

    // Only the wait for the next attempt may lie between a submission and its refusal.
    private Task<EngineHost> StartWithDelayAsync(TestApi upstream) => EngineHost.StartAsync(
        _directory,
        options =>
        {
            EngineHost.Upstream(upstream.Url)(options);
            options.CommitDelay = Delay;
        });

    private static async Task DriveToFailureAsync(EngineHost engine, Task submission)
    {
        await engine.Time.DriveAsync(
            submission.ContinueWith(_ => true, TaskScheduler.Default), below: TimeSpan.FromSeconds(2));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => submission);
    }
}
