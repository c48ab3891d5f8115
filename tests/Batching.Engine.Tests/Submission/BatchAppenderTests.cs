using Batching.Engine.Lifecycle;
using Batching.Engine.Model;
using Batching.Engine.Storage;
using Batching.Engine.Submission;
using Batching.Engine.Tests.Infrastructure;
using Batching.V1;
using Google.Protobuf;

namespace Batching.Engine.Tests.Submission;

/// <summary>Open batches: what is appended to them, and how they end.</summary>
public sealed class BatchAppenderTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task AppendAsync_AgainAndAgain_RunsAllAndIsDoneWhenItIsSealed()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var batch = await OpenAsync(engine, 3);
        Assert.Equal((true, 3L), (batch.Open, batch.SubmittedRequests));

        for (var round = 0; round < 3; round++)
        {
            await UntilNothingRunsAsync(engine, batch.Id);
            var appended = await AppendAsync(engine, batch.Id, Gets(200, $"round{round}"), 3 + (round * 200));
            Assert.Equal((true, 203L + (round * 200)), (appended.Open, appended.SubmittedRequests));
            Assert.Equal(Enumerable.Range(3 + (round * 200), 200), appended.Requests.Select(request => request.Index));
            Assert.All(appended.Requests, request => Assert.Equal((batch.Id, RequestState.Running), (request.SpawnedBy, request.State)));
        }

        await UntilNothingRunsAsync(engine, batch.Id);
        var open = await engine.StatusAsync(batch.Id);
        Assert.Equal((BatchState.Running, true), (open.State, open.Open));
        Assert.True((await engine.Get<BatchSealer>().SealAsync(EngineHost.Alice, batch.Id, default)).Succeeded);
        Assert.True((await engine.Get<BatchSealer>().SealAsync(EngineHost.Alice, batch.Id, default)).Succeeded);

        var done = await engine.UntilDoneAsync(batch.Id);
        Assert.Equal((BatchState.Done, false, 603L), (done.State, done.Open, done.TotalRequests));
        var results = await engine.ResultsAsync(batch.Id);
        Assert.Equal(603, results.Select(result => result.Id).Distinct().Count());
        Assert.All(results, result => Assert.Equal(result.Path, result.Response.Body.ToStringUtf8()));
        Assert.Equal(603, upstream.Requests.Count);
        Assert.IsType<Refusal.Sealed>((await TryAppendAsync(engine, batch.Id, Gets(1, "late"), null)).Refusal);
    }

    [Fact]
    public async Task AppendAsync_LastOneAgain_AnswersItAsItIsNow()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var batch = await OpenAsync(engine, 3);
        var first = await AppendAsync(engine, batch.Id, Gets(2, "a"), 3);
        await UntilNothingRunsAsync(engine, batch.Id);

        var again = await AppendAsync(engine, batch.Id, Gets(2, "a"), 3);

        Assert.Equal(first.Requests.Select(request => (request.Id, request.Index)), again.Requests.Select(request => (request.Id, request.Index)));
        Assert.All(again.Requests, request => Assert.Equal((RequestState.Done, 200), (request.State, request.Response.StatusCode)));
        Assert.Equal(5, Assert.IsType<Refusal.WrongOffset>((await TryAppendAsync(engine, batch.Id, Gets(2, "b"), 3)).Refusal).Expected);
        Assert.IsType<Refusal.WrongOffset>((await TryAppendAsync(engine, batch.Id, Gets(2, "b"), 6)).Refusal);
        Assert.Equal(5, (await engine.StatusAsync(batch.Id)).TotalRequests);

        // Also when it is sealed by then.
        await engine.Get<BatchSealer>().SealAsync(EngineHost.Alice, batch.Id, default);
        await engine.UntilDoneAsync(batch.Id);
        Assert.Equal(first.Requests[0].Id, (await AppendAsync(engine, batch.Id, Gets(2, "a"), 3)).Requests[0].Id);
    }

    [Fact]
    public async Task AppendAsync_SideBySide_OneWithAnOffsetIsTheNextAndOthersFollowEachOther()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var batch = await OpenAsync(engine, 1);

        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => Task.Run(
            () => TryAppendAsync(engine, batch.Id, Gets(2, $"same{i}"), 1))));
        var free = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => Task.Run(
            () => AppendAsync(engine, batch.Id, Gets(5, $"free{i}"), null))));

        Assert.Single(answers, answer => answer.Succeeded);
        Assert.All(answers.Where(answer => !answer.Succeeded), answer => Assert.IsType<Refusal.WrongOffset>(answer.Refusal));
        Assert.Equal(Enumerable.Range(3, 50), free.SelectMany(one => one.Requests.Select(request => request.Index)).Order());
        await engine.Get<BatchSealer>().SealAsync(EngineHost.Alice, batch.Id, default);
        Assert.Equal(53, (await engine.ResultsAsync(batch.Id)).Count);
    }

    [Fact]
    public async Task AppendAsync_WhileSpawnersRun_KeepsAllApart()
    {
        await using var upstream = await TestApi.StartAsync(async context =>
        {
            var cursor = int.TryParse(context.Request.Query["cursor"], out var page) ? page : 0;
            await TestApi.JsonAsync(context, context.Request.Path == "/pages" && cursor < 20
                ? $$"""{"items": [{{cursor}}], "cursor": "{{cursor + 1}}"}"""
                : """{"items": []}""");
        });
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var answer = await engine.Submitter.SubmitAsync(
            EngineHost.Alice,
            new SubmissionTerms { IsOpen = true },
            [new Request { Path = "/pages", Spawner = true, Pagination = new Pagination { Style = PaginationStyle.Cursor } }],
            [],
            long.MaxValue,
            default);
        var batch = answer.Value!;

        for (var i = 0; i < 10; i++)
        {
            await AppendAsync(engine, batch.Id, Gets(3, $"a{i}"), 1 + (i * 3));
        }

        await engine.Get<BatchSealer>().SealAsync(EngineHost.Alice, batch.Id, default);
        var results = await engine.ResultsAsync(batch.Id);
        Assert.Equal(1 + 21 + 30, results.Count);
        Assert.Equal(Enumerable.Range(0, 52), results.Select(result => result.Index).Order());
        Assert.Equal(52, results.Select(result => result.Id).Distinct().Count());
        Assert.Equal(21, results.Count(result => result.SpawnedBy == batch.Requests[0].Id));
        Assert.All(results, result => Assert.Equal(200, result.Response.StatusCode));
    }

    [Fact]
    public async Task Stream_OfAnOpenBatch_StaysAndGetsWhatIsAppended()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var batch = await OpenAsync(engine, 1);
        await UntilNothingRunsAsync(engine, batch.Id);
        var opened = await engine.Streamer.OpenAsync(EngineHost.Alice, new FetchResultsRequest { BatchId = batch.Id, After = 0 }, default);
        using var feed = opened.Value!;
        await using var records = feed.ReadAsync(default, default).GetAsyncEnumerator();
        Assert.True(await records.MoveNextAsync());
        Assert.Equal("/items/0", records.Current.Message.Request.Path);
        var next = records.MoveNextAsync().AsTask();
        Assert.False(next.IsCompleted);

        await AppendAsync(engine, batch.Id, Gets(1, "more"), 1);
        Assert.True(await next.WithDeadlineAsync());
        Assert.Equal("/more/0", records.Current.Message.Request.Path);
        next = records.MoveNextAsync().AsTask();
        await engine.Get<BatchSealer>().SealAsync(EngineHost.Alice, batch.Id, default);

        Assert.True(await next.WithDeadlineAsync());
        Assert.Equal(0, records.Current.Message.End.RunningRequests);
        Assert.False(await records.MoveNextAsync());
    }

    [Fact]
    public async Task Idle_NobodyAppends_SealsIt()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var batch = await OpenAsync(engine, 1);
        await UntilNothingRunsAsync(engine, batch.Id);
        engine.Time.Advance(TimeSpan.FromMinutes(9));
        await AppendAsync(engine, batch.Id, Gets(1, "more"), 1);
        await UntilNothingRunsAsync(engine, batch.Id);

        engine.Time.Advance(TimeSpan.FromMinutes(9));
        Assert.True((await engine.StatusAsync(batch.Id)).Open);
        await UntilAsync(engine, async () => !(await engine.StatusAsync(batch.Id)).Open);

        Assert.Equal(BatchState.Done, (await engine.StatusAsync(batch.Id)).State);
    }

    [Fact]
    public async Task Restart_OpenBatch_TakesMoreAndIsSealedInTheEnd()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        var time = new FakeTime();
        await using var killed = await EngineHost.StartAsync(_directory, EngineHost.Upstream(upstream.Url), time);
        var batch = await OpenAsync(killed, 2);
        var appended = await AppendAsync(killed, batch.Id, Gets(2, "a"), 2);
        await UntilNothingRunsAsync(killed, batch.Id);
        using var remains = _directory.CopyStore();
        await killed.StopAsync();

        await using var engine = await EngineHost.StartAsync(remains, EngineHost.Upstream(upstream.Url), time);
        Assert.True((await engine.StatusAsync(batch.Id)).Open);
        await Eventually.BeTrueAsync(
            async () => (await TryAppendAsync(engine, batch.Id, Gets(2, "a"), 2)) is { Succeeded: true } again
                && again.Value.Requests[0].Id == appended.Requests[0].Id,
            "the last append is known");
        await Eventually.BeTrueAsync(
            async () => (await TryAppendAsync(engine, batch.Id, Gets(1, "b"), 4)).Succeeded, "the batch is taken up");
        await UntilNothingRunsAsync(engine, batch.Id);
        await UntilAsync(engine, async () => !(await engine.StatusAsync(batch.Id)).Open);

        Assert.Equal(5, (await engine.ResultsAsync(batch.Id)).Count);
        Assert.Equal(BatchState.Done, (await engine.StatusAsync(batch.Id)).State);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Cancel_OpenBatch_SealsAndEndsIt(bool isIdle)
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(context => isIdle ? TestApi.EchoAsync(context) : gate.PassAsync(context));
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var batch = await OpenAsync(engine, 3);
        if (isIdle)
        {
            await UntilNothingRunsAsync(engine, batch.Id);
        }

        Assert.True((await engine.Canceller.CancelAsync(EngineHost.Alice, batch.Id, default)).Succeeded);

        // Sealed when it is not worked on any more.
        await engine.UntilDoneAsync(batch.Id);
        var done = await engine.StatusAsync(batch.Id);
        Assert.Equal((BatchState.Cancelled, false), (done.State, done.Open));
        Assert.NotNull(done.DoneTime);
        Assert.IsType<Refusal.Sealed>((await TryAppendAsync(engine, batch.Id, Gets(1, "late"), null)).Refusal);
        gate.Open();
    }

    [Fact]
    public async Task AppendAsync_TooMuchOrWrong_IsRefusedAndNothingIsAppended()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, options =>
        {
            EngineHost.Upstream(upstream.Url)(options);
            options.Limits.RequestsPerUpload = 5;
            options.Limits.UploadBytes = 10_000;
        });
        var batch = await OpenAsync(engine, 3);

        Assert.Equal("requests", await FieldAsync(Gets(3, "a")));
        Assert.Equal("requests", await FieldAsync([new Request { Path = "a", Method = "PUT", Body = ByteString.CopyFrom(new byte[10_000]) }]));
        Assert.Equal("requests[0].spawner", await FieldAsync([new Request { Path = "a", Spawner = true }]));
        Assert.Equal("requests[0].key", await FieldAsync([new Request { Path = "a", Key = "a" }]));
        Assert.Equal("requests[0].references", await FieldAsync([new Request { Path = "${a#/id}", References = true }]));
        Assert.Equal("requests[0].path", await FieldAsync([new Request { Path = "//a" }]));
        Assert.Equal("requests", await FieldAsync([]));
        Assert.IsType<Refusal.NotFound>(
            (await engine.Get<BatchAppender>().AppendAsync(EngineHost.Bob, batch.Id, null, Gets(1, "a"), [], long.MaxValue, default)).Refusal);
        var closed = await engine.SubmitAsync(Gets(1, "closed"));
        Assert.IsType<Refusal.Sealed>((await TryAppendAsync(engine, closed.Id, Gets(1, "a"), null)).Refusal);
        Assert.Equal(3, (await engine.StatusAsync(batch.Id)).TotalRequests);
        await AppendAsync(engine, batch.Id, Gets(2, "a"), 3);

        async Task<string> FieldAsync(Request[] requests) => Assert.Single(
            Assert.IsType<Refusal.Invalid>((await TryAppendAsync(engine, batch.Id, requests, null)).Refusal).Problems).Field;
    }

    [Fact]
    public async Task AppendAsync_StoreFails_AppendsNothingAndCanBeMadeAgain()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        engine.ErrorsAreExpected = true;
        var batch = await OpenAsync(engine, 1);
        await UntilNothingRunsAsync(engine, batch.Id);
        engine.Store.WritesFail = true;

        await Assert.ThrowsAsync<StoreUnavailableException>(() => TryAppendAsync(engine, batch.Id, Gets(2, "a"), 1));
        engine.Store.WritesFail = false;

        await UntilAsync(engine, async () =>
        {
            try
            {
                return (await TryAppendAsync(engine, batch.Id, Gets(2, "a"), 1)).Succeeded;
            }
            catch (StoreUnavailableException)
            {
                return false;
            }
        });
        await engine.Get<BatchSealer>().SealAsync(EngineHost.Alice, batch.Id, default);
        Assert.Equal([0, 1, 2], (await engine.ResultsAsync(batch.Id)).Select(result => result.Index).Order());
    }

    private static Request[] Gets(int count, string prefix) => EngineHost.Gets(count, prefix);

    private static async Task<Batch> OpenAsync(EngineHost engine, int count)
    {
        var answer = await engine.Submitter.SubmitAsync(
            EngineHost.Alice, new SubmissionTerms { IsOpen = true }, EngineHost.Gets(count), [], long.MaxValue, default);
        Assert.True(answer.Succeeded, answer.Refusal?.Message);
        return answer.Value;
    }

    private static async Task<Batch> AppendAsync(EngineHost engine, string id, Request[] requests, long? offset)
    {
        var answer = await TryAppendAsync(engine, id, requests, offset);
        Assert.True(answer.Succeeded, answer.Refusal?.Message);
        return answer.Value;
    }

    private static async Task<Outcome<Batch>> TryAppendAsync(EngineHost engine, string id, Request[] requests, long? offset) =>
        await engine.Get<BatchAppender>().AppendAsync(EngineHost.Alice, id, offset, requests, [], long.MaxValue, default);

    private static Task UntilNothingRunsAsync(EngineHost engine, string id) => Eventually.BeTrueAsync(
        async () => (await engine.StatusAsync(id)).RunningRequests == 0, "nothing runs");

    // The clock goes on, a few seconds at a time, until something is so.
    private static Task UntilAsync(EngineHost engine, Func<Task<bool>> condition) => Eventually.BeTrueAsync(
        async () =>
        {
            if (await condition())
            {
                return true;
            }

            engine.Time.Advance(TimeSpan.FromSeconds(3));
            return false;
        },
        "what is to be so in the end");
}
