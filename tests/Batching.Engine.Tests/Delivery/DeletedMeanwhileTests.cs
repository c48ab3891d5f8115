using Batching.Engine.Delivery;
using Batching.Engine.Model;
using Batching.Engine.Tests.Infrastructure;
using Batching.V1;

namespace Batching.Engine.Tests.Delivery;

/// <summary>Readers of a batch that is deleted while they read it, at every place where they read.</summary>
public sealed class DeletedMeanwhileTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Fetch_BetweenResults_IsNotFound(bool byId)
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await StartAsync(upstream);
        var batch = await SubmitAsync(engine);
        var request = new FetchBatchRequest { BatchId = batch.Id };
        if (byId)
        {
            request.RequestIds.Add(batch.Requests.Select(each => each.Id));
        }

        DeleteBehindTheNextSegment(engine, batch.Id);
        var answer = await engine.Fetcher.FetchAsync(EngineHost.Alice, request, CancellationToken.None);
        Assert.Equal(new Refusal.NotFound("batch", batch.Id), answer.Refusal);
    }

    // Of several, the next one would be missed all the same, and so would the body.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Fetch_BetweenAResultAndItsRequest_IsNotFound(bool byId)
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await StartAsync(upstream);
        var batch = await SubmitAsync(engine, count: 1);
        var request = new FetchBatchRequest { BatchId = batch.Id };
        if (byId)
        {
            request.RequestIds.Add(batch.Requests[0].Id);
            request.RequestFields = new() { Paths = { "path" } };
            DeleteBehindTheNextEntries(engine, batch.Id);
        }
        else
        {
            DeleteBehindTheNextSegment(engine, batch.Id);
        }

        var answer = await engine.Fetcher.FetchAsync(EngineHost.Alice, request, CancellationToken.None);
        Assert.Equal(new Refusal.NotFound("batch", batch.Id), answer.Refusal);
    }

    [Fact]
    public async Task Fetch_ByIdBehindTheRecord_IsNotFound()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await StartAsync(upstream);
        var batch = await SubmitAsync(engine);
        DeleteBehindTheNextRecord(engine, batch.Id);
        var answer = await engine.Fetcher.FetchAsync(
            EngineHost.Alice,
            new FetchBatchRequest
            {
                BatchId = batch.Id,
                RequestIds = { batch.Requests[0].Id },
                RequestFields = new() { Paths = { "state" } },
            },
            CancellationToken.None);
        Assert.Equal(new Refusal.NotFound("batch", batch.Id), answer.Refusal);
    }

    [Fact]
    public async Task GetStatus_DetailedBehindTheRecord_IsNotFound()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await StartAsync(upstream);
        var batch = await SubmitAsync(engine);
        DeleteBehindTheNextRecord(engine, batch.Id);
        var answer = await engine.Batches.GetStatusAsync(
            EngineHost.Alice, new GetBatchStatusRequest { BatchId = batch.Id, Detailed = true }, CancellationToken.None);
        Assert.Equal(new Refusal.NotFound("batch", batch.Id), answer.Refusal);
    }

    [Fact]
    public async Task Read_BetweenResultsAndTheirRequests_EndsWithoutTheLastRecord()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await StartAsync(upstream);
        var batch = await SubmitAsync(engine);
        var answer = await engine.Streamer.OpenAsync(
            EngineHost.Alice, new FetchResultsRequest { BatchId = batch.Id }, CancellationToken.None);
        using var feed = answer.Value!;
        DeleteBehindTheNextSegment(engine, batch.Id);
        await foreach (var (record, _) in feed.ReadAsync(default, default))
        {
            Assert.Fail($"There is a record: {record}");
        }
    }

    [Fact]
    public async Task OpenBody_BehindTheRecord_IsNotFound()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await StartAsync(upstream);
        var batch = await SubmitAsync(engine);
        DeleteBehindTheNextRecord(engine, batch.Id);
        var answer = await engine.Get<BodyReader>().OpenAsync(
            EngineHost.Alice, batch.Id, batch.Requests[0].Id, CancellationToken.None);
        Assert.Equal(new Refusal.NotFound("batch", batch.Id), answer.Refusal);
    }

    [Fact]
    public async Task Fetch_WaitsForAnotherPage_IsNotFoundAtOnce()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await StartAsync(upstream);
        var batch = await SubmitAsync(engine);
        var page = await engine.PageAsync(batch.Id);
        var waiting = await BeginToWaitAsync(engine, batch.Id);
        await engine.Deleter.DeleteAsync(EngineHost.Alice, batch.Id, CancellationToken.None);
        var answer = await Eventually.WithDeadlineAsync(waiting, "the page that waits");
        Assert.Equal(new Refusal.NotFound("batch", batch.Id), answer.Refusal);
        page.Delivery.Complete(received: true);
    }

    [Fact]
    public async Task Fetch_WaitsForAnotherPageTooLong_IsUnavailable()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await StartAsync(upstream);
        var batch = await SubmitAsync(engine);
        var page = await engine.PageAsync(batch.Id);
        var waiting = await BeginToWaitAsync(engine, batch.Id);
        engine.Time.Advance(TimeSpan.FromSeconds(20));
        var answer = await Eventually.WithDeadlineAsync(waiting, "the page that waits");
        Assert.IsType<Refusal.Unavailable>(answer.Refusal);
        page.Delivery.Complete(received: false);
        Assert.Equal(3, (await engine.FetchAsync(batch.Id)).Batch.Requests.Count);
    }

    [Fact]
    public async Task Fetch_WaitsForAnotherPageWhenTheGatewayStops_IsUnavailable()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await StartAsync(upstream);
        var batch = await SubmitAsync(engine);
        var page = await engine.PageAsync(batch.Id);
        var waiting = await BeginToWaitAsync(engine, batch.Id);
        var stopping = engine.StopAsync();
        var answer = await Eventually.WithDeadlineAsync(waiting, "the page that waits");
        Assert.IsType<Refusal.Unavailable>(answer.Refusal);
        page.Delivery.Complete(received: true);
        await stopping;
    }

    // Nothing is in memory, so that each read asks the store.
    private Task<EngineHost> StartAsync(TestApi upstream) => EngineHost.StartAsync(_directory, options =>
    {
        EngineHost.Upstream(upstream.Url)(options);
        options.Limits.ResultCacheBytes = options.Limits.RequestCacheBytes = 1;
    });

    private static async Task<Batch> SubmitAsync(EngineHost engine, int count = 3)
    {
        var batch = await engine.SubmitAsync(EngineHost.Gets(count));
        await engine.UntilDoneAsync(batch.Id);
        return batch;
    }

    private static async Task<Task<Outcome<ResultPage>>> BeginToWaitAsync(EngineHost engine, string id)
    {
        var waiting = engine.Fetcher.FetchAsync(
            EngineHost.Alice, new FetchBatchRequest { BatchId = id }, CancellationToken.None).AsTask();
        await Eventually.BeTrueAsync(() => engine.Time.Pending.Contains(TimeSpan.FromSeconds(20)), "a page that waits");
        Assert.False(waiting.IsCompleted);
        return waiting;
    }

    private static void DeleteBehindTheNextRecord(EngineHost engine, string id) => engine.Store.BatchRead = async () =>
    {
        engine.Store.BatchRead = null;
        await engine.Deleter.DeleteAsync(EngineHost.Alice, id, CancellationToken.None);
    };

    private static void DeleteBehindTheNextEntries(EngineHost engine, string id) => engine.Store.EntriesRead = async () =>
    {
        engine.Store.EntriesRead = null;
        await engine.Deleter.DeleteAsync(EngineHost.Alice, id, CancellationToken.None);
    };

    private static void DeleteBehindTheNextSegment(EngineHost engine, string id) => engine.Store.SegmentRead = async () =>
    {
        engine.Store.SegmentRead = null;
        await engine.Deleter.DeleteAsync(EngineHost.Alice, id, CancellationToken.None);
    };
}
