using Batching.Engine.Model;
using Batching.Engine.Running;
using Batching.Engine.Scheduling;
using Batching.Engine.Storage;
using Batching.Engine.Submission;
using Batching.Engine.Tests.Infrastructure;
using Batching.V1;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;

namespace Batching.Engine.Tests.Lifecycle;

/// <summary>Batches that start later, and that end by a deadline.</summary>
public sealed class DelayedStartsTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Start_InAnHour_RunsNothingBeforeAndEverythingThen()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var now = engine.Time.GetUtcNow();

        var batch = await SubmitAsync(engine, TimeSpan.FromHours(1));

        Assert.Equal((BatchState.Running, 3L), (batch.State, batch.RunningRequests));
        Assert.Equal((now.AddHours(1), now.AddHours(2)), (batch.StartTime.ToDateTimeOffset(), batch.ExpireTime.ToDateTimeOffset()));
        Assert.Equal(3, batch.Requests.Count);
        Assert.False(IsActive(engine, batch.Id));
        await AdvanceAsync(engine, TimeSpan.FromMinutes(59), TimeSpan.FromSeconds(10));
        await engine.UntilDoneAsync((await engine.SubmitAsync(EngineHost.Gets(1, "other"))).Id);
        Assert.DoesNotContain(upstream.Requests, call => call.Target.StartsWith("/items", StringComparison.Ordinal));

        await UntilAsync(engine, TimeSpan.FromMinutes(1), async () => (await engine.StatusAsync(batch.Id)).RunningRequests == 0);

        var results = await engine.ResultsAsync(batch.Id);
        Assert.Equal(3, results.Count);
        Assert.All(results, result => Assert.True(result.DoneTime.ToDateTimeOffset() >= now.AddHours(1)));

        // It expires an hour after it started, and is there for a day.
        AdvanceTo(now.AddMinutes(119));
        Assert.Equal(BatchState.Done, (await engine.StatusAsync(batch.Id)).State);
        AdvanceTo(now.AddMinutes(120));
        Assert.Equal(BatchState.Expired, (await engine.StatusAsync(batch.Id)).State);
        AdvanceTo(now.AddHours(24.9));
        Assert.Equal(BatchState.Expired, (await engine.StatusAsync(batch.Id)).State);

        void AdvanceTo(DateTimeOffset time) => engine.Time.Advance(time - engine.Time.GetUtcNow());
    }

    [Fact]
    public async Task Start_ManyAtOnceAndOneBehind_StartsEachInItsTime()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var last = await SubmitAsync(engine, TimeSpan.FromSeconds(90));
        var together = new List<Batch>();
        for (var i = 0; i < 120; i++)
        {
            together.Add(await SubmitAsync(engine, TimeSpan.FromSeconds(30)));
        }

        foreach (var batch in together)
        {
            await UntilAsync(engine, TimeSpan.FromSeconds(35), async () => (await engine.StatusAsync(batch.Id)).RunningRequests == 0);
        }

        Assert.Equal(3, (await engine.StatusAsync(last.Id)).RunningRequests);
        await UntilAsync(engine, TimeSpan.FromSeconds(70), async () => (await engine.StatusAsync(last.Id)).RunningRequests == 0);
    }

    [Theory]
    [InlineData(30, false)]
    [InlineData(5_400, true)]
    public async Task Start_AfterARestart_HoldsOn(int restartAfterSeconds, bool isDue)
    {
        await using var upstream = await TestApi.StartEchoAsync();
        var time = new FakeTime();
        await using var killed = await EngineHost.StartAsync(_directory, EngineHost.Upstream(upstream.Url), time);
        var batch = await SubmitAsync(killed, TimeSpan.FromHours(1), priority: 7, deadline: TimeSpan.FromHours(3));
        using var remains = _directory.CopyStore();
        await killed.StopAsync();
        time.Advance(TimeSpan.FromSeconds(restartAfterSeconds));

        await using var engine = await EngineHost.StartAsync(remains, EngineHost.Upstream(upstream.Url), time);
        var status = await engine.StatusAsync(batch.Id);
        Assert.Equal((batch.StartTime, batch.Deadline, 7), (status.StartTime, status.Deadline, status.Priority));
        if (!isDue)
        {
            await engine.UntilDoneAsync((await engine.SubmitAsync(EngineHost.Gets(1, "other"))).Id);
            Assert.False(IsActive(engine, batch.Id));
            time.Advance(TimeSpan.FromMinutes(59));
        }

        await UntilAsync(engine, TimeSpan.FromMinutes(2), async () => (await engine.StatusAsync(batch.Id)).RunningRequests == 0);
        Assert.All(await engine.ResultsAsync(batch.Id), result => Assert.Equal(200, result.Response.StatusCode));
    }

    [Fact]
    public async Task Cancel_BeforeTheStart_EndsAllRequestsAndSendsNothing()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var batch = await SubmitAsync(engine, TimeSpan.FromHours(1));

        Assert.True((await engine.Canceller.CancelAsync(EngineHost.Alice, batch.Id, default)).Succeeded);

        Assert.All(await engine.ResultsAsync(batch.Id), result => Assert.Equal(499, result.Response.StatusCode));
        Assert.Empty(upstream.Requests);
    }

    [Fact]
    public async Task Delete_BeforeTheStart_SendsNothing()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var deleted = await SubmitAsync(engine, TimeSpan.FromMinutes(1));
        var other = await SubmitAsync(engine, TimeSpan.FromMinutes(2));

        Assert.True((await engine.Deleter.DeleteAsync(EngineHost.Alice, deleted.Id, default)).Succeeded);

        await UntilAsync(engine, TimeSpan.FromMinutes(3), async () => (await engine.StatusAsync(other.Id)).RunningRequests == 0);
        Assert.Equal(3, upstream.Requests.Count);
    }

    [Fact]
    public async Task Deadline_Passed_EndsWhatIsNotDone()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(
            context => context.Request.Path == "/items/0" ? TestApi.EchoAsync(context) : gate.PassAsync(context));
        await using var engine = await EngineHost.StartAsync(_directory, upstream, concurrency: 2);
        var batch = await SubmitAsync(engine, start: null, deadline: TimeSpan.FromSeconds(5));
        await engine.UntilFinishedAsync(batch.Id, 1);

        engine.Time.Advance(TimeSpan.FromSeconds(5));

        var results = (await engine.ResultsAsync(batch.Id)).ToDictionary(result => result.Path);
        Assert.Equal(200, results["/items/0"].Response.StatusCode);
        Assert.All(["/items/1", "/items/2"], path =>
        {
            var response = results[path].Response;
            Assert.Equal((504, (int)Code.DeadlineExceeded), (response.StatusCode, response.Error.Code));
            Assert.Equal("BATCH_DEADLINE", response.Error.Details[0].Unpack<ErrorInfo>().Reason);
        });
        Assert.Equal(BatchState.Done, (await engine.StatusAsync(batch.Id)).State);
        gate.Open();
    }

    [Fact]
    public async Task Deadline_PassedWhileTheGatewayWasDown_EndsWhatIsNotDone()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(gate.PassAsync);
        var time = new FakeTime();
        await using var killed = await EngineHost.StartAsync(_directory, EngineHost.Upstream(upstream.Url), time);
        var batch = await SubmitAsync(killed, start: null, deadline: TimeSpan.FromMinutes(5));
        using var remains = _directory.CopyStore();
        await killed.StopAsync();
        gate.Open();
        time.Advance(TimeSpan.FromMinutes(6));

        await using var engine = await EngineHost.StartAsync(remains, EngineHost.Upstream(upstream.Url), time);

        Assert.All(
            await engine.ResultsAsync(batch.Id),
            result => Assert.Equal("BATCH_DEADLINE", result.Response.Error.Details[0].Unpack<ErrorInfo>().Reason));
    }

    [Fact]
    public async Task Priority_Higher_GoesFirstAmongThoseOfTheOwnerOnly()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(
            context => context.Request.Path.StartsWithSegments("/first") ? gate.PassAsync(context) : TestApi.EchoAsync(context));
        await using var engine = await EngineHost.StartAsync(_directory, upstream, concurrency: 1);
        await engine.SubmitAsync(EngineHost.Gets(1, "first"));
        await gate.UntilEnteredAsync(1);
        var low = await SubmitAsync(engine, null, priority: 2, prefix: "low");
        var middle = await SubmitAsync(engine, null, prefix: "middle");
        var high = await SubmitAsync(engine, null, priority: 8, prefix: "high");
        var other = await SubmitAsync(engine, null, priority: 0, prefix: "other", caller: EngineHost.Bob);
        await Eventually.BeTrueAsync(
            () => engine.Get<CallQueues>().All.Sum(queue => queue.Waiting) == 12, "all wait");
        gate.Open();

        foreach (var batch in new[] { low, middle, high })
        {
            await engine.UntilDoneAsync(batch.Id);
        }

        await engine.UntilDoneAsync(other.Id, EngineHost.Bob);
        var order = upstream.Requests.Select(call => call.Target.Split('/')[1]).Skip(1).ToList();
        Assert.Equal(
            ["high", "high", "high", "middle", "middle", "middle", "low", "low", "low"], order.Where(name => name != "other"));
        Assert.True(order.LastIndexOf("other") <= 6, string.Join(' ', order));
    }

    [Fact]
    public async Task Submit_AgainBehindItsDeadline_AnswersTheBatch()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var terms = Terms(engine, TimeSpan.FromMinutes(1), 5, TimeSpan.FromMinutes(2)) with { IdempotencyKey = "k" };
        var first = await engine.Submitter.SubmitAsync(EngineHost.Alice, terms, EngineHost.Gets(3), [], long.MaxValue, default);
        engine.Time.Advance(TimeSpan.FromMinutes(10));

        var again = await engine.Submitter.SubmitAsync(EngineHost.Alice, terms, EngineHost.Gets(3), [], long.MaxValue, default);
        var other = await engine.Submitter.SubmitAsync(
            EngineHost.Alice, terms with { Priority = 1 }, EngineHost.Gets(3), [], long.MaxValue, default);
        var uploaded = await engine.Uploader.UploadAsync(
            EngineHost.Alice,
            "k",
            new[] { new UploadBatchRequest { StartTime = terms.StartTime, Deadline = terms.Deadline, Priority = 5, Requests = { EngineHost.Gets(3) } } }
                .ToAsyncEnumerable(),
            default,
            default);

        Assert.Equal(first.Value!.Id, again.Value?.Id);
        Assert.Equal(first.Value.Id, uploaded.Value?.Id);
        Assert.IsType<Refusal.KeyReused>(other.Refusal);
        var late = await engine.Submitter.SubmitAsync(
            EngineHost.Alice, terms with { IdempotencyKey = null }, EngineHost.Gets(3), [], long.MaxValue, default);
        Assert.Equal("deadline", Assert.Single(Assert.IsType<Refusal.Invalid>(late.Refusal).Problems).Field);
    }

    private static async Task<Batch> SubmitAsync(
        EngineHost engine,
        TimeSpan? start,
        int priority = 5,
        TimeSpan? deadline = null,
        string prefix = "items",
        Caller? caller = null)
    {
        var answer = await engine.Submitter.SubmitAsync(
            caller ?? EngineHost.Alice,
            Terms(engine, start, priority, deadline),
            EngineHost.Gets(3, prefix),
            [],
            long.MaxValue,
            default);
        Assert.True(answer.Succeeded, answer.Refusal?.Message);
        return answer.Value;
    }

    private static SubmissionTerms Terms(EngineHost engine, TimeSpan? start, int priority, TimeSpan? deadline)
    {
        var now = engine.Time.GetUtcNow();
        return new SubmissionTerms
        {
            StartTime = start is null ? null : (now + start.Value).ToTimestamp(),
            Priority = priority,
            Deadline = deadline is null ? null : (now + deadline.Value).ToTimestamp(),
        };
    }

    private static bool IsActive(EngineHost engine, string id) =>
        engine.Get<BatchIds>().TryParseBatch(id, out var key) && engine.Get<ActiveBatches>().TryGet(key, out _);

    // In steps, as a clock goes.
    private static async Task AdvanceAsync(EngineHost engine, TimeSpan by, TimeSpan step)
    {
        for (var left = by; left > TimeSpan.Zero; left -= step)
        {
            engine.Time.Advance(step);
            await Task.Yield();
        }
    }

    // The clock goes on, half a second at a time, until something is so; for so long at most.
    private static async Task UntilAsync(EngineHost engine, TimeSpan most, Func<Task<bool>> condition)
    {
        var last = engine.Time.GetUtcNow() + most;
        await Eventually.BeTrueAsync(
            async () =>
            {
                if (await condition())
                {
                    return true;
                }

                if (engine.Time.GetUtcNow() < last)
                {
                    engine.Time.Advance(TimeSpan.FromMilliseconds(500));
                }

                return false;
            },
            "what is to be so when its time has come");
    }
}
