using Batching.Engine.Configuration;
using Batching.Engine.Model;
using Batching.Engine.Storage;
using Batching.Engine.Submission;
using Batching.Engine.Tests.Infrastructure;
using Batching.V1;
using Google.Protobuf;

namespace Batching.Engine.Tests.Submission;

/// <summary>Submissions that are made again.</summary>
public sealed class SubmissionKeysTests : IDisposable
{
    private static readonly SubmissionTerms Keyed = new() { IdempotencyKey = "k" };

    // More than is staged at a time.
    private static readonly ByteString Body = ByteString.CopyFrom(new byte[8_000]);

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task SubmitAsync_SameKeyAndContent_AnswersTheBatchAsItIsNow()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var first = await SubmitAsync(engine, EngineHost.Gets(3));
        var results = await engine.ResultsAsync(first.Id);

        var again = await SubmitAsync(engine, EngineHost.Gets(3));

        Assert.Equal((first.Id, 3L, 0L, BatchState.Done), (again.Id, again.TotalRequests, again.RunningRequests, again.State));
        Assert.Equal(first.Requests.Select(request => request.Id), again.Requests.Select(request => request.Id));
        Assert.Equal(EngineHost.Gets(3).Select(request => request.Path), again.Requests.Select(request => request.Path));
        Assert.All(again.Requests, request =>
        {
            var result = results.Single(result => result.Id == request.Id);
            Assert.Equal((RequestState.Done, result.Position, result.DoneTime), (request.State, request.Position, request.DoneTime));
            Assert.Equal((200, result.Response.Size), (request.Response.StatusCode, request.Response.Size));
            Assert.Equal((first.Id, result.CreateTime), (request.SpawnedBy, request.CreateTime));
        });
        Assert.Equal(3, upstream.Requests.Count);
    }

    [Fact]
    public async Task SubmitAsync_SameKeyWithOtherContent_IsRefused()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        await SubmitAsync(engine, EngineHost.Gets(3));

        var answer = await TrySubmitAsync(engine, EngineHost.Gets(2));

        Assert.IsType<Refusal.KeyReused>(answer.Refusal);
    }

    [Fact]
    public async Task SubmitAsync_SameKeyOfOthersOrNone_MakesBatchesOfTheirOwn()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var first = await SubmitAsync(engine, EngineHost.Gets(1));

        Assert.NotEqual(first.Id, (await SubmitAsync(engine, EngineHost.Gets(1), EngineHost.Bob)).Id);
        Assert.NotEqual(first.Id, (await engine.SubmitAsync(EngineHost.Gets(1))).Id);
    }

    [Fact]
    public async Task SubmitAsync_ManySideBySide_MakesOneBatch()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);

        var batches = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(
            () => i % 2 == 0 ? SubmitAsync(engine, EngineHost.Gets(5)) : UploadAsync(engine, EngineHost.Gets(5)))));

        var id = Assert.Single(batches.Select(batch => batch.Id).Distinct());
        await engine.UntilDoneAsync(id);
        Assert.Equal(5, upstream.Requests.Count);
    }

    [Fact]
    public async Task SubmitAsync_FasterOneBetweenSearchAndCommit_AnswersThatOneAndHarmsNobodyElse()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var release = new TaskCompletionSource();
        engine.Store.Committing = writes =>
            writes.Any(write => write is StoreWrite.Accept { Batch.Owner: "carol" }) ? release.Task : Task.CompletedTask;

        // They gather into one group while another one is being committed, and all have looked for the key by then.
        var carol = engine.Submitter.SubmitAsync(new Caller("carol", null), EngineHost.Gets(1), [], default).AsTask();
        var same = Enumerable.Range(0, 3).Select(_ => SubmitAsync(engine, EngineHost.Gets(2))).ToArray();
        var other = engine.SubmitAsync(EngineHost.Gets(1), EngineHost.Bob);
        release.SetResult();

        Assert.Single((await Task.WhenAll(same)).Select(batch => batch.Id).Distinct());
        await engine.UntilDoneAsync((await other).Id, EngineHost.Bob);
        Assert.True((await carol).Succeeded);
    }

    [Fact]
    public async Task UploadAsync_DividedInAnotherWay_IsTheSameAsTheSubmission()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var first = await SubmitAsync(engine, Large(100));

        Assert.Equal(first.Id, (await UploadAsync(engine, Large(100), perMessage: 7)).Id);
        Assert.Equal(first.Id, (await UploadAsync(engine, Large(100), perMessage: 100)).Id);
        Assert.IsType<Refusal.KeyReused>((await TryUploadAsync(engine, Large(99), perMessage: 7)).Refusal);
        Assert.Equal(100, (await engine.UntilDoneAsync(first.Id)).TotalRequests);
        Assert.Equal(100, upstream.Requests.Count);
    }

    [Fact]
    public async Task UploadAsync_Repeated_IsNotStoredAgain()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var first = await UploadAsync(engine, Large(300), perMessage: 50);
        var writes = new List<StoreWrite>();
        engine.Store.Committed = group => writes.AddRange(group.Where(write => write is StoreWrite.Stage or StoreWrite.Accept));

        Assert.Equal(first.Id, (await UploadAsync(engine, Large(300), perMessage: 50)).Id);

        Assert.Empty(writes);
    }

    [Fact]
    public async Task SubmitAsync_RepeatedAtTheQuota_AnswersTheBatchThatUsesItUp()
    {
        var release = new TaskCompletionSource();
        await using var upstream = await TestApi.StartAsync(_ => release.Task);
        await using var engine = await EngineHost.StartAsync(_directory, options =>
        {
            EngineHost.Upstream(upstream.Url)(options);
            options.Quotas.Batches = 1;
        });
        var first = await SubmitAsync(engine, EngineHost.Gets(1));

        Assert.Equal(first.Id, (await SubmitAsync(engine, EngineHost.Gets(1))).Id);
        Assert.Equal(first.Id, (await UploadAsync(engine, EngineHost.Gets(1))).Id);
        release.SetResult();
    }

    [Fact]
    public async Task SubmitAsync_BatchDeletedOrOver_MakesAnotherOne()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var first = await SubmitAsync(engine, EngineHost.Gets(1));
        await engine.UntilDoneAsync(first.Id);
        Assert.True((await engine.Deleter.DeleteAsync(EngineHost.Alice, first.Id, default)).Succeeded);

        var second = await SubmitAsync(engine, EngineHost.Gets(2));
        await engine.UntilDoneAsync(second.Id);
        engine.Time.Advance(TimeSpan.FromHours(25));
        var third = await SubmitAsync(engine, EngineHost.Gets(3));

        Assert.Equal(3, new[] { first.Id, second.Id, third.Id }.Distinct().Count());
    }

    [Fact]
    public async Task SubmitAsync_AfterARestart_AnswersTheBatch()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        string id;
        await using (var engine = await EngineHost.StartAsync(_directory, upstream))
        {
            id = (await SubmitAsync(engine, EngineHost.Gets(3))).Id;
        }

        await using var again = await EngineHost.StartAsync(_directory, upstream);
        Assert.Equal(id, (await SubmitAsync(again, EngineHost.Gets(3))).Id);
        Assert.IsType<Refusal.KeyReused>((await TrySubmitAsync(again, EngineHost.Gets(4))).Refusal);
    }

    private static Request[] Large(int count) =>
        [.. Enumerable.Range(0, count).Select(i => new Request { Path = $"/large/{i}", Method = "PUT", Body = Body })];

    private static async Task<Batch> SubmitAsync(EngineHost engine, Request[] requests, Caller? caller = null)
    {
        var answer = await TrySubmitAsync(engine, requests, caller);
        Assert.True(answer.Succeeded, answer.Refusal?.Message);
        return answer.Value;
    }

    private static async Task<Outcome<Batch>> TrySubmitAsync(EngineHost engine, Request[] requests, Caller? caller = null) =>
        await engine.Submitter.SubmitAsync(caller ?? EngineHost.Alice, Keyed, requests, [], long.MaxValue, default);

    private static async Task<Batch> UploadAsync(EngineHost engine, Request[] requests, int perMessage = 1)
    {
        var answer = await TryUploadAsync(engine, requests, perMessage);
        Assert.True(answer.Succeeded, answer.Refusal?.Message);
        return answer.Value;
    }

    private static async Task<Outcome<Batch>> TryUploadAsync(EngineHost engine, Request[] requests, int perMessage) =>
        await engine.Uploader.UploadAsync(
            EngineHost.Alice,
            Keyed.IdempotencyKey,
            requests.Chunk(perMessage).ToAsyncEnumerable().Select(message => new UploadBatchRequest { Requests = { message } }),
            default,
            default);
}
