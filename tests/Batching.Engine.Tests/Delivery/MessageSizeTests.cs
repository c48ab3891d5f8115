using Batching.Engine.Model;
using Batching.Engine.Tests.Infrastructure;
using Batching.V1;
using Google.Protobuf.WellKnownTypes;

namespace Batching.Engine.Tests.Delivery;

/// <summary>No message is larger than clients take, whatever it is made of.</summary>
public sealed class MessageSizeTests : IDisposable
{
    private const int MessageBytes = 128 * 1024;

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Fetch_LongPathsParamsAndHeaders_PagesFitAndHaveEverything(bool asText)
    {
        await using var upstream = await TestApi.StartAsync(context =>
        {
            context.Response.Headers["x-filler"] = new string('h', 900);
            return TestApi.EchoAsync(context);
        });
        await using var engine = await StartAsync(upstream);
        var batch = await engine.SubmitAsync([.. Enumerable.Range(0, 300).Select(i => new Request
        {
            Path = $"/{i}/{new string('\u00fc', 500)}",
            Params = asText ? null : new Struct { Fields = { ["p"] = Value.ForString(new string('v', 700)) } },
            ParamsJson = asText ? $$"""{"p": "{{new string('v', 700)}}"}""" : "",
            Query = { new QueryParameter { Name = "q", Value = new string('q', 600) } },
            Key = $"{new string('k', 196)}{i}",
        })]);
        await engine.UntilDoneAsync(batch.Id);
        var pages = new List<FetchBatchResponse>();
        do
        {
            pages.Add(await engine.FetchAsync(batch.Id));
        }
        while (pages[^1].Batch.Requests.Count > 0);

        Assert.All(pages, page => Assert.InRange(page.CalculateSize(), 0, MessageBytes));
        Assert.All(pages[..^2], page => Assert.True(page.CalculateSize() > MessageBytes - 10_000, "A page is half empty."));
        var requests = pages.SelectMany(page => page.Batch.Requests).ToList();
        Assert.Equal(Enumerable.Range(1, 300), requests.Select(request => (int)request.Position));
        Assert.All(requests, request => Assert.False(request.Response.BodyOmitted));
        Assert.All(requests, request => Assert.Equal(900, request.Response.Headers["x-filler"].Length));
    }

    [Theory]
    [InlineData(MessageBytes - 2_000, false)]
    [InlineData(MessageBytes - 100, true)]
    [InlineData(10 * MessageBytes, true)]
    public async Task Fetch_LargeBody_ComesWithEverythingElse(int size, bool isOmitted)
    {
        await using var upstream = await StartFilledAsync(_ => size);
        await using var engine = await StartAsync(upstream);
        var batch = await engine.SubmitAsync(EngineHost.Gets(1));
        await engine.UntilDoneAsync(batch.Id);
        var byPosition = await engine.PageAsync(batch.Id);
        var byId = await engine.Fetcher.FetchAsync(
            EngineHost.Alice,
            new FetchBatchRequest { BatchId = batch.Id, RequestIds = { batch.Requests[0].Id } },
            CancellationToken.None);

        foreach (var page in (FetchBatchResponse[])[byPosition.Response, byId.Value!.Response])
        {
            Assert.InRange(page.CalculateSize(), 0, MessageBytes);
            var request = Assert.Single(page.Batch.Requests);
            Assert.Equal(isOmitted, request.Response.BodyOmitted);
            Assert.Equal(isOmitted ? 0 : size, request.Response.Body.Length);
            Assert.Equal((size, 200, "/items/0"), (request.Response.Size, request.Response.StatusCode, request.Path));
            Assert.Equal("text/plain", request.Response.ContentType);
        }

        // It counts as received like any other.
        byPosition.Delivery.Complete(received: true);
        Assert.Empty((await engine.FetchAsync(batch.Id)).Batch.Requests);
    }

    [Fact]
    public async Task Fetch_LargeBodiesInARow_SharePages()
    {
        await using var upstream = await StartFilledAsync(index => index % 2 == 0 ? 2 * MessageBytes : 10);
        await using var engine = await StartAsync(upstream);
        var batch = await engine.SubmitAsync(EngineHost.Gets(20));
        await engine.UntilDoneAsync(batch.Id);
        Assert.Equal(20, (await engine.FetchAsync(batch.Id)).Batch.Requests.Count);
    }

    [Fact]
    public async Task Fetch_ByIdMoreThanFits_LeavesOutTheLastBodies()
    {
        await using var upstream = await StartFilledAsync(_ => 50_000);
        await using var engine = await StartAsync(upstream);
        var batch = await engine.SubmitAsync(EngineHost.Gets(5));
        await engine.UntilDoneAsync(batch.Id);
        var answer = await engine.Fetcher.FetchAsync(
            EngineHost.Alice,
            new FetchBatchRequest { BatchId = batch.Id, RequestIds = { batch.Requests.Select(request => request.Id) } },
            CancellationToken.None);
        Assert.InRange(answer.Value!.Response.CalculateSize(), 0, MessageBytes);
        Assert.Equal(
            [false, false, true, true, true],
            answer.Value.Response.Batch.Requests.Select(request => request.Response.BodyOmitted));
    }

    [Fact]
    public async Task Fetch_HeadersAloneDoNotFit_AreLeftOutToo()
    {
        await using var upstream = await TestApi.StartAsync(context =>
        {
            context.Response.Headers["x-filler"] = new string('h', 20_000);
            return TestApi.EchoAsync(context);
        });
        await using var engine = await StartAsync(upstream, 16 * 1024);
        var batch = await engine.SubmitAsync(EngineHost.Gets(1));
        await engine.UntilDoneAsync(batch.Id);
        var page = await engine.FetchAsync(batch.Id);
        Assert.InRange(page.CalculateSize(), 0, 16 * 1024);
        Assert.True(page.Batch.Requests[0].Response.BodyOmitted);
        Assert.Empty(page.Batch.Requests[0].Response.Headers);
    }

    [Fact]
    public async Task Read_LargeBodies_RecordsFit()
    {
        await using var upstream = await StartFilledAsync(index => index % 2 == 0 ? 2 * MessageBytes : 10);
        await using var engine = await StartAsync(upstream);
        var batch = await engine.SubmitAsync(EngineHost.Gets(20));
        await engine.UntilDoneAsync(batch.Id);
        var answer = await engine.Streamer.OpenAsync(
            EngineHost.Alice, new FetchResultsRequest { BatchId = batch.Id }, CancellationToken.None);
        using var feed = answer.Value!;
        var sizes = new List<(bool, long)>();
        await foreach (var (record, _) in feed.ReadAsync(default, default))
        {
            Assert.InRange(record.CalculateSize(), 0, MessageBytes);
            if (record.Request?.Response is { } response)
            {
                Assert.Equal(response.BodyOmitted ? 0 : response.Size, response.Body.Length);
                Assert.Equal("text/plain", response.ContentType);
                sizes.Add((response.BodyOmitted, response.Size));
            }
        }

        Assert.Equal(10, sizes.Count(size => size == (true, 2 * MessageBytes)));
        Assert.Equal(10, sizes.Count(size => size == (false, 10)));
    }

    [Theory]
    [InlineData(100, false)]
    [InlineData(1_000, true)]
    public async Task Submit_LongPaths_IsEchoedAsFarAsItFits(int count, bool isOmitted)
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await StartAsync(upstream);
        var batch = await engine.SubmitAsync([.. Enumerable.Range(0, count).Select(i => new Request { Path = $"/{i}/{new string('p', 200)}" })]);
        Assert.InRange(batch.CalculateSize(), 0, MessageBytes);
        Assert.Equal((isOmitted, isOmitted ? 0 : count), (batch.RequestsOmitted, batch.Requests.Count));
        Assert.Equal(count, batch.TotalRequests);
    }

    // What is not echoed doesn't count.
    [Fact]
    public async Task Submit_LargeBody_IsEchoed()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await StartAsync(upstream);
        var batch = await engine.SubmitAsync([EngineHost.Post("/x", new string('b', 2 * MessageBytes))]);
        Assert.Equal((false, 1), (batch.RequestsOmitted, batch.Requests.Count));
    }

    [Fact]
    public async Task Status_MoreRequestsThanFit_SaysSo()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await StartAsync(upstream);
        var batch = await engine.SubmitAsync(EngineHost.Gets(6_000));
        var request = new GetBatchStatusRequest { BatchId = batch.Id, Detailed = true };
        var answer = await engine.Batches.GetStatusAsync(EngineHost.Alice, request, CancellationToken.None);
        Assert.Equal("detailed", Assert.Single(Assert.IsType<Refusal.Invalid>(answer.Refusal).Problems).Field);
        var unbounded = await engine.Batches.GetStatusAsync(EngineHost.Alice, request, long.MaxValue, CancellationToken.None);
        Assert.Equal(6_000, unbounded.Value!.Requests.Count);
    }

    [Fact]
    public async Task List_MoreBatchesThanFit_GoOnOnTheNextPage()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await StartAsync(upstream, 16 * 1024);
        for (var i = 0; i < 100; i++)
        {
            await engine.SubmitAsync(EngineHost.Gets(1));
        }

        var first = await engine.Batches.ListAsync(EngineHost.Alice, new ListBatchesRequest(), CancellationToken.None);
        Assert.InRange(first.Value!.CalculateSize(), 0, 16 * 1024);
        var second = await engine.Batches.ListAsync(
            EngineHost.Alice, new ListBatchesRequest { PageToken = first.Value.NextPageToken }, CancellationToken.None);
        Assert.Equal(100, first.Value.Batches.Concat(second.Value!.Batches).Select(batch => batch.Id).Distinct().Count());
    }

    private static Task<TestApi> StartFilledAsync(Func<int, int> sizeOf) => TestApi.StartAsync(context =>
    {
        context.Response.ContentType = "text/plain";
        var index = int.Parse(context.Request.Path.Value!.Split('/')[2], null);
        return context.Response.Body.WriteAsync(new byte[sizeOf(index)]).AsTask();
    });

    private Task<EngineHost> StartAsync(TestApi upstream, int messageBytes = MessageBytes) =>
        EngineHost.StartAsync(_directory, options =>
        {
            EngineHost.Upstream(upstream.Url)(options);
            options.Limits.MessageBytes = messageBytes;
        });
}
