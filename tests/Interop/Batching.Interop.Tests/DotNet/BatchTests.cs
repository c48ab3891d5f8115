using Batching.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Batching.Interop.Tests.DotNet;

/// <summary>The life of a batch.</summary>
public sealed class BatchTests(ServerProcess server) : TransportTests(server)
{
    [Theory]
    [MemberData(nameof(All))]
    public async Task CreateBatch_Mixed_EachResultIsAsTheApiSentIt(Transport transport)
    {
        using var me = await ConnectAsync(transport);
        (Request Request, int Status, Func<ByteString, bool> Check)[] calls =
        [
            (new Request { Path = "sample/items", Params = Struct.Parser.ParseJson("""{"limit": 3, "sort": "-id"}""") },
                200, body => Struct.Parser.ParseJson(body.ToStringUtf8()).Fields["items"].ListValue.Values.Count == 3),
            (new Request { Path = "/sample/numbers" },
                200, body => body.ToStringUtf8() == """{"n": 12345678901234567890, "d": 1.10}"""),
            (new Request { Path = "sample/image.png" }, 200, body => body.Span.StartsWith<byte>([0x89, 0x50, 0x4e, 0x47])),
            (new Request { Path = "sample/text" }, 200, body => body.ToStringUtf8().Contains("日本語", StringComparison.Ordinal)),
            (new Request { Path = "sample/empty" }, 204, body => body.IsEmpty),
            (new Request { Path = "sample/fail?status=500" }, 500, body => !body.IsEmpty),
            (new Request { Path = "sample/slow?ms=300" }, 200, body => !body.IsEmpty),
        ];

        var batch = await me.CreateAsync(calls.Select(call => call.Request));
        Assert.Equal(calls.Select(call => call.Request.Path), batch.Requests.Select(request => request.Path));

        var done = await me.WaitUntilDoneAsync(batch.Id);
        Assert.Equal(BatchState.Done, done.State);
        Assert.Equal(1, done.FailedRequests);
        Assert.Equal(calls.Select(call => call.Status), done.Requests.Select(request => request.Response.StatusCode));

        var page = await me.Batches.FetchBatchAsync(new FetchBatchRequest { BatchId = batch.Id }, me.Options());
        foreach (var request in page.Batch.Requests)
        {
            Assert.True(calls[request.Index].Check(request.Response.Body), request.Path);
        }

        Assert.Equal(calls.Length, page.Batch.Requests.Count);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task FetchBatch_AfterAPosition_GivesTheNextPage(Transport transport)
    {
        using var me = await ConnectAsync(transport);
        var batch = await me.CreateAsync(Enumerable.Repeat(new Request { Path = "sample/bytes?size=1500000" }, 3));
        await me.WaitUntilDoneAsync(batch.Id);
        var sizes = new List<int>();
        for (var (after, more) = (0L, true); more;)
        {
            var page = await me.Batches.FetchBatchAsync(
                new FetchBatchRequest { BatchId = batch.Id, After = after }, me.Options());
            sizes.AddRange(page.Batch.Requests.Select(request => request.Response.Body.Length));
            (after, more) = (page.Position, page.Batch.Requests.Count > 0);
            Assert.Equal(sizes.Count, after);
        }

        Assert.Equal(Enumerable.Repeat(1_500_000, 3), sizes);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task FetchResults_CancelledByTheClient_GoesOnBehindAPosition(Transport transport)
    {
        using var me = await ConnectAsync(transport);
        var batch = await me.CreateAsync(
        [
            .. Enumerable.Repeat(new Request { Path = "sample/items/1" }, 5), new Request { Path = "sample/slow?ms=1000" },
        ]);
        using (var call = me.Batches.FetchResults(new FetchResultsRequest { BatchId = batch.Id }, me.Options()))
        {
            for (var position = 1; position <= 3; position++)
            {
                Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
                Assert.Equal(position, call.ResponseStream.Current.Position);
            }
        }

        Assert.NotEqual(0, (await me.StatusAsync(batch.Id)).RunningRequests);
        var rest = await me.ResultsAsync(new FetchResultsRequest { BatchId = batch.Id, After = 3 });
        Assert.Equal([4, 5, 6, 6], rest.Select(record => record.Position));
        Assert.Equal(0, rest[^1].End.RunningRequests);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task CancelBatch_Running_EndsEachRequestAsCancelled(Transport transport)
    {
        using var me = await ConnectAsync(transport);
        var batch = await me.CreateAsync(Enumerable.Repeat(new Request { Path = "sample/slow?ms=60000" }, 20));
        await me.Batches.CancelBatchAsync(new CancelBatchRequest { BatchId = batch.Id }, me.Options());
        var records = await me.ResultsAsync(new FetchResultsRequest { BatchId = batch.Id });
        Assert.Equal(21, records.Count);
        Assert.All(records[..^1], record => Assert.Equal(
            (499, (int)StatusCode.Cancelled), (record.Request.Response.StatusCode, record.Request.Response.Error.Code)));
        Assert.Equal(BatchState.Cancelled, (await me.StatusAsync(batch.Id)).State);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task ListBatches_PageToken_GivesTheNextPage(Transport transport)
    {
        using var me = await ConnectAsync(transport);
        var older = await me.CreateAsync([new Request { Path = "sample/numbers" }]);
        var newer = await me.CreateAsync([new Request { Path = "sample/numbers" }]);
        var first = await me.Batches.ListBatchesAsync(new ListBatchesRequest { Limit = 1 }, me.Options());
        Assert.Equal([newer.Id], first.Batches.Select(batch => batch.Id));
        var second = await me.Batches.ListBatchesAsync(
            new ListBatchesRequest { Limit = 1, PageToken = first.NextPageToken }, me.Options());
        Assert.Equal([older.Id], second.Batches.Select(batch => batch.Id));
        Assert.Equal("", second.NextPageToken);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task DeleteBatch_Done_IsNotFoundAnyMore(Transport transport)
    {
        using var me = await ConnectAsync(transport);
        var batch = await me.CreateAsync([new Request { Path = "sample/numbers" }]);
        await me.Batches.DeleteBatchAsync(new DeleteBatchRequest { BatchId = batch.Id }, me.Options());
        var resource = await GatewayClient.NotFoundAsync(() => me.StatusAsync(batch.Id));
        Assert.Equal(("batch", batch.Id), (resource.ResourceType, resource.ResourceName));
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task AnyCall_BatchOfAnotherOwner_IsNotFound(Transport transport)
    {
        using var me = await ConnectAsync(transport);
        using var somebodyElse = await ConnectAsync(transport);
        var (id, options) = ((await me.CreateAsync([new Request { Path = "sample/numbers" }])).Id, somebodyElse.Options());
        Func<Task>[] calls =
        [
            () => somebodyElse.StatusAsync(id),
            async () => await somebodyElse.Batches.FetchBatchAsync(new FetchBatchRequest { BatchId = id }, options),
            () => somebodyElse.ResultsAsync(new FetchResultsRequest { BatchId = id }),
            async () => await somebodyElse.Batches.CancelBatchAsync(new CancelBatchRequest { BatchId = id }, options),
            async () => await somebodyElse.Batches.DeleteBatchAsync(new DeleteBatchRequest { BatchId = id }, options),
        ];
        foreach (var call in calls)
        {
            Assert.Equal(id, (await GatewayClient.NotFoundAsync(call)).ResourceName);
        }

        Assert.Empty((await somebodyElse.Batches.ListBatchesAsync(new ListBatchesRequest(), options)).Batches);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task CreateBatch_BadRequests_NamesEveryProblem(Transport transport)
    {
        using var me = await ConnectAsync(transport);
        Request[] bad =
        [
            new() { Path = "sample/items" }, new() { Path = "http://elsewhere.example/" },
            new() { Path = "sample/items", Method = "STEAL" },
        ];
        Assert.Equal(
            ["requests[1].path", "requests[2].method"], await GatewayClient.InvalidAsync(() => me.CreateAsync(bad)));
        Assert.Equal(["requests"], await GatewayClient.InvalidAsync(() => me.CreateAsync([])));
    }
}
