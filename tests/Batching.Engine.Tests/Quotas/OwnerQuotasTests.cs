using Batching.Engine.Configuration;
using Batching.Engine.Delivery;
using Batching.Engine.Keyed;
using Batching.Engine.Model;
using Batching.Engine.Quotas;
using Batching.Engine.Storage;
using Batching.Engine.Tests.Infrastructure;
using Batching.V1;

namespace Batching.Engine.Tests.Quotas;

public sealed class OwnerQuotasTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task SubmitAsync_AsManyBatchesAsAllowed_RefusesTheNextUntilOneIsDone()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(gate.PassAsync);
        await using var engine = await StartAsync(upstream, quotas => quotas.Batches = 2);
        var first = await engine.SubmitAsync(EngineHost.Gets(1));
        await engine.SubmitAsync(EngineHost.Gets(1));

        var refusal = await RefusedAsync(engine, EngineHost.Gets(1));

        Assert.Equal(("Batch:Quotas:Batches", 2), (refusal.Limit, refusal.Value));
        Assert.True(refusal.RetryAfter > TimeSpan.Zero);
        Assert.Equal(
            "This caller has 2 batches that are not done and may have 2 (Batch:Quotas:Batches). Wait until one is done, or cancel one.",
            refusal.Message);
        await engine.SubmitAsync(EngineHost.Gets(1), EngineHost.Bob);

        gate.Open();
        await engine.UntilDoneAsync(first.Id);
        await engine.SubmitAsync(EngineHost.Gets(1));
        Assert.Equal(0, engine.Get<OwnerQuotas>().Count);
    }

    [Fact]
    public async Task SubmitAsync_ManyAtOnce_NeverOvershoots()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(gate.PassAsync);
        await using var engine = await StartAsync(upstream, quotas => quotas.Requests = 10);
        // None is in the store while they are weighed.
        var waiting = new TaskCompletionSource();
        engine.Store.Committing = _ => waiting.Task;

        var submissions = Enumerable.Range(0, 20).Select(_ => Task.Run(() => engine.Submitter.SubmitAsync(
            EngineHost.Alice, EngineHost.Gets(3), [], CancellationToken.None).AsTask())).ToList();
        await Eventually.BeTrueAsync(() => submissions.Count(task => task.IsCompleted) >= 17, "17 refusals");
        waiting.SetResult();
        var answers = await Task.WhenAll(submissions);

        Assert.Equal(3, answers.Count(answer => answer.Succeeded));
        Assert.All(
            answers.Where(answer => !answer.Succeeded),
            answer => Assert.Equal("Batch:Quotas:Requests", Assert.IsType<Refusal.Exhausted>(answer.Refusal).Limit));
        Assert.Equal(9, (await engine.Store.ReadUsageAsync(EngineHost.Alice.Owner, CancellationToken.None)).Requests);
        gate.Open();
    }

    [Fact]
    public async Task SubmitAsync_NotStored_HoldsNothing()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await StartAsync(upstream, quotas => quotas.Batches = 1);
        engine.ErrorsAreExpected = true;
        engine.Store.WritesFail = true;
        await Assert.ThrowsAsync<StoreUnavailableException>(() => engine.SubmitAsync(EngineHost.Gets(1)));
        engine.Store.WritesFail = false;
        engine.Store.ReadsFail = true;
        await Assert.ThrowsAsync<StoreUnavailableException>(() => engine.SubmitAsync(EngineHost.Gets(1)));
        engine.Store.ReadsFail = false;

        Assert.Equal(0, engine.Get<OwnerQuotas>().Count);

        // The store is tried again after a second.
        await engine.Time.DriveAsync(engine.SubmitAsync(EngineHost.Gets(1)), below: TimeSpan.FromSeconds(2));
    }

    [Fact]
    public async Task SubmitAsync_BytesUsedUp_RefusesUntilABatchIsDeleted()
    {
        await using var upstream = await TestApi.StartAsync(context =>
            context.Response.Body.WriteAsync(new byte[700_000]).AsTask());
        await using var engine = await StartAsync(upstream, quotas => quotas.StoredBytes = 1 << 20);
        var batch = await engine.SubmitAsync(EngineHost.Gets(2));
        await engine.UntilDoneAsync(batch.Id);

        var refusal = await RefusedAsync(engine, EngineHost.Gets(1));

        Assert.Equal(("Batch:Quotas:StoredBytes", 1 << 20), (refusal.Limit, refusal.Value));
        await engine.Deleter.DeleteAsync(EngineHost.Alice, batch.Id, CancellationToken.None);
        await engine.SubmitAsync(EngineHost.Gets(1));
    }

    [Fact]
    public async Task SubmitAsync_MoreThanEverFits_IsWrongAndNotForLater()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await StartAsync(upstream, quotas => quotas.Requests = 10);

        var answer = await engine.Submitter.SubmitAsync(
            EngineHost.Alice, EngineHost.Gets(11), [], CancellationToken.None);

        Assert.Equal(
            "requests holds 11 requests, and an owner may have no more than 10 waiting (Batch:Quotas:Requests).",
            Assert.IsType<Refusal.Invalid>(answer.Refusal).Message);
    }

    [Fact]
    public async Task Usage_AfterARestart_IsStillThere()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(gate.PassAsync);
        await using (var engine = await StartAsync(upstream, quotas => quotas.Batches = 1))
        {
            await engine.SubmitAsync(EngineHost.Gets(1));
            await gate.UntilEnteredAsync(1);
        }

        await using var again = await StartAsync(upstream, quotas => quotas.Batches = 1);
        await RefusedAsync(again, EngineHost.Gets(1));
        gate.Open();
    }

    [Fact]
    public async Task OpenAsync_AsManyStreamsAsAllowed_RefusesTheNextUntilOneIsClosed()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await StartAsync(upstream, quotas => quotas.Streams = 2);
        var batch = await engine.SubmitAsync(EngineHost.Gets(1));
        var first = (await OpenAsync(engine, batch.Id)).Value!;
        using var second = (await OpenAsync(engine, batch.Id)).Value!;

        var refusal = Assert.IsType<Refusal.Exhausted>((await OpenAsync(engine, batch.Id)).Refusal);
        Assert.Equal(("Batch:Quotas:Streams", 2), (refusal.Limit, refusal.Value));

        first.Dispose();
        first.Dispose();
        using var third = (await OpenAsync(engine, batch.Id)).Value;
        Assert.NotNull(third);
        Assert.False((await OpenAsync(engine, batch.Id)).Succeeded);
    }

    [Fact]
    public async Task RunAsync_AsManyKeyedBatchesAsAllowed_RefusesTheNextUntilAReplyIsRead()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await StartAsync(upstream, quotas => quotas.KeyedBatches = 1);
        var first = (await RunKeyedAsync(engine)).Value!;

        var refusal = Assert.IsType<Refusal.Exhausted>((await RunKeyedAsync(engine)).Refusal);
        Assert.Equal(("Batch:Quotas:KeyedBatches", 1), (refusal.Limit, refusal.Value));

        first.Dispose();
        using var next = (await RunKeyedAsync(engine)).Value;
        Assert.NotNull(next);
    }

    [Fact]
    public async Task GrowAsync_BeyondTheLimit_KeepsWhatIsHeld()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await StartAsync(upstream, quotas => quotas.Requests = 10);
        var quotas = engine.Get<OwnerQuotas>();
        var lease = (await quotas.ReserveAsync("alice", 1, 4, 100, CancellationToken.None)).Value!;
        Assert.Null(await lease.GrowAsync(4, 100, CancellationToken.None));
        Assert.IsType<Refusal.Exhausted>(await lease.GrowAsync(4, 100, CancellationToken.None));
        Assert.Null(await lease.GrowAsync(2, 100, CancellationToken.None));
        await RefusedAsync(engine, EngineHost.Gets(1));

        lease.Dispose();
        Assert.Equal(0, quotas.Count);
        await engine.SubmitAsync(EngineHost.Gets(10));
    }

    [Fact]
    public async Task UploadAsync_GrowsBeyondTheLimit_IsRefusedAndHoldsNothing()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await StartAsync(upstream, quotas =>
        {
            quotas.Requests = 25;
            quotas.Streams = 1;
        });
        var read = 0;

        var answer = await engine.Uploader.UploadAsync(EngineHost.Alice, MessagesAsync(), default, default);

        Assert.Equal("Batch:Quotas:Requests", Assert.IsType<Refusal.Exhausted>(answer.Refusal).Limit);
        Assert.Equal(3, read);
        Assert.Equal(0, engine.Get<OwnerQuotas>().Count);
        Assert.Empty(upstream.Requests);

        async IAsyncEnumerable<IReadOnlyList<Request>> MessagesAsync()
        {
            while (true)
            {
                read++;
                yield return EngineHost.Gets(10);

                // An upload is one of the streams that the owner may have open.
                var other = await engine.Uploader.UploadAsync(EngineHost.Alice, MessagesAsync(), default, default);
                Assert.Equal("Batch:Quotas:Streams", Assert.IsType<Refusal.Exhausted>(other.Refusal).Limit);
            }
        }
    }

    private Task<EngineHost> StartAsync(TestApi upstream, Action<QuotaOptions> configure) =>
        EngineHost.StartAsync(_directory, options =>
        {
            EngineHost.Upstream(upstream.Url)(options);
            configure(options.Quotas);
        });

    private static async Task<Refusal.Exhausted> RefusedAsync(EngineHost engine, Request[] requests)
    {
        var answer = await engine.Submitter.SubmitAsync(EngineHost.Alice, requests, [], CancellationToken.None);
        return Assert.IsType<Refusal.Exhausted>(answer.Refusal);
    }

    private static async Task<Outcome<ResultFeed>> OpenAsync(EngineHost engine, string id) =>
        await engine.Streamer.OpenAsync(
            EngineHost.Alice, new FetchResultsRequest { BatchId = id }, CancellationToken.None);

    private static Task<Outcome<KeyedBatchReply>> RunKeyedAsync(EngineHost engine) =>
        engine.Get<KeyedBatchRunner>().RunAsync(
            EngineHost.Alice,
            new RunBatchRequest { Calls = { new KeyedRequest { Key = "a", Request = new Request { Path = "/items" } } } },
            CancellationToken.None);
}
