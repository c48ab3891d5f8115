using Batching.Engine.Lifecycle;
using Batching.Engine.Model;
using Batching.Engine.Tests.Infrastructure;
using Batching.V1;
using Microsoft.AspNetCore.Http;

namespace Batching.Engine.Tests.Delivery;

/// <summary>Readers of a batch whose bodies expire while they read them.</summary>
public sealed class ExpiredMeanwhileTests : IDisposable
{
    // Shorter than the time between two sweeps: nothing is deleted but where a test says so.
    private static readonly TimeSpan Retention = TimeSpan.FromSeconds(5);

    // Each makes a segment of its own.
    private static readonly string Body = new('x', ResultSegment.TargetPayloadBytes);

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Fetch_TimeIsOverBehindTheBatch_ShowsBatchAndResponsesOfOneMoment(bool byId)
    {
        await using var upstream = await TestApi.StartAsync(context => context.Response.WriteAsync(Body));
        await using var engine = await StartAsync(upstream);
        var request = await SubmitAsync(engine, byId);
        engine.Store.SegmentRead = () =>
        {
            engine.Store.SegmentRead = null;
            engine.Time.Advance(Retention);
            return Task.CompletedTask;
        };

        var answer = await engine.Fetcher.FetchAsync(EngineHost.Alice, request, CancellationToken.None);

        using var page = answer.Value!;
        Assert.Equal(BatchState.Done, page.Response.Batch.State);
        Assert.All(page.Response.Batch.Requests, view => Assert.False(view.Response.Expired || view.Response.Body.IsEmpty));
    }

    // A slow reader may come so late that the bodies are deleted: they never pass for empty ones.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Read_PageThatWasOpenedBeforeTheBodiesAreDeleted_SaysThatTheyAre(bool byId)
    {
        await using var upstream = await TestApi.StartAsync(context => context.Response.WriteAsync(Body));
        await using var engine = await StartAsync(upstream);
        var request = await SubmitAsync(engine, byId);
        var answer = await engine.Fetcher.OpenAsync(EngineHost.Alice, request, CancellationToken.None);
        using var page = answer.Value!;
        engine.Time.Advance(Retention);
        await engine.Get<ExpirySweeper>().SweepAsync(CancellationToken.None);

        var count = 0;
        await foreach (var view in page.ReadAsync(CancellationToken.None))
        {
            Assert.True(view.Response.Expired);
            Assert.True(view.Response.Body.IsEmpty);
            Assert.Equal(200, view.Response.StatusCode);
            count++;
        }

        Assert.Equal(3, count);
    }

    // A stream may last longer than the bodies.
    [Fact]
    public async Task ReadStream_TimeIsOverBetweenTwoSegments_ShowsEachOfItsOwnMoment()
    {
        await using var upstream = await TestApi.StartAsync(context => context.Response.WriteAsync(Body));
        await using var engine = await StartAsync(upstream);
        var request = await SubmitAsync(engine, byId: false);
        var answer = await engine.Streamer.OpenAsync(
            EngineHost.Alice, new FetchResultsRequest { BatchId = request.BatchId, After = 0 }, CancellationToken.None);
        using var feed = answer.Value!;
        var expired = new List<bool>();
        await foreach (var (record, _) in feed.ReadAsync(default, default))
        {
            if (record.Request is { } view)
            {
                expired.Add(view.Response.Expired);
                engine.Time.Advance(expired.Count == 1 ? Retention : TimeSpan.Zero);
            }
        }

        Assert.Equal([false, true, true], expired);
    }

    // Nothing is in memory, so that each read asks the store.
    private Task<EngineHost> StartAsync(TestApi upstream) => EngineHost.StartAsync(_directory, options =>
    {
        EngineHost.Upstream(upstream.Url)(options);
        options.Retention.Responses = Retention;
        options.Limits.ResultCacheBytes = options.Limits.RequestCacheBytes = 1;
    });

    private static async Task<FetchBatchRequest> SubmitAsync(EngineHost engine, bool byId)
    {
        var batch = await engine.SubmitAsync(EngineHost.Gets(3));
        await engine.UntilDoneAsync(batch.Id);
        return new FetchBatchRequest
        {
            BatchId = batch.Id,
            RequestIds = { batch.Requests.Where(_ => byId).Select(each => each.Id) },
        };
    }
}
