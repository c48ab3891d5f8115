using Batching.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Batching.Interop.Tests.DotNet;

/// <summary>What there is to calls beside the life of a batch: uploads, keys, deadlines, sizes, compression.</summary>
public sealed class CallTests(ServerProcess server) : TransportTests(server)
{
    private static readonly Request Slow = new() { Path = "sample/slow?ms=30000" };

    [Theory]
    [MemberData(nameof(ClientStreaming))]
    public async Task UploadBatch_SeveralMessages_AreOneBatch(Transport transport)
    {
        using var me = await ConnectAsync(transport);
        var requests = Enumerable.Range(0, 1500).Select(i => new Request { Path = $"sample/echo?i={i}" }).ToArray();
        var batch = await me.UploadAsync(requests[..500], requests[500..1000], [], requests[1000..]);
        Assert.Equal(requests.Length, batch.TotalRequests);
        var records = await me.ResultsAsync(new FetchResultsRequest
        {
            BatchId = batch.Id,
            RequestFields = FieldMask.FromStringEnumerable<Request>(["index", "path"]),
        });
        Assert.Equal(
            requests.Select(request => request.Path),
            records[..^1].Select(record => record.Request).OrderBy(request => request.Index).Select(request => request.Path));
    }

    [Theory]
    [MemberData(nameof(ClientStreaming))]
    public async Task UploadBatch_EmptyOrBad_IsRefused(Transport transport)
    {
        using var me = await ConnectAsync(transport);
        Request[] bad = [new() { Path = "sample/items" }, new() { Path = "" }];
        Assert.Equal(["requests"], await GatewayClient.InvalidAsync(() => me.UploadAsync()));
        Assert.Equal(["requests"], await GatewayClient.InvalidAsync(() => me.UploadAsync([])));
        Assert.Equal(
            ["requests[1].path", "requests[3].path"], await GatewayClient.InvalidAsync(() => me.UploadAsync(bad, bad)));
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task RunBatch_GoodAndBadCalls_EachHasItsReply(Transport transport)
    {
        using var me = await ConnectAsync(transport);
        var reply = await RunAsync(
            me,
            me.Options(),
            ("a", new Request { Path = "sample/numbers" }),
            ("", new Request { Path = "sample/items/0" }),
            ("bad", new Request { Path = "sample/items", Method = "STEAL" }));
        Assert.Equal([("a", 200), ("", 404), ("bad", 400)], reply.Replies.Select(one => (one.Key, one.Response.StatusCode)));
        Assert.Equal((int)StatusCode.InvalidArgument, reply.Replies[2].Response.Error.Code);

        var twice = ("twice", new Request { Path = "sample/numbers" });
        Assert.Equal(["calls[1].key"], await GatewayClient.InvalidAsync(() => RunAsync(me, me.Options(), twice, twice)));
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task AnyCall_DeadlinePasses_IsDeadlineExceeded(Transport transport)
    {
        using var me = await ConnectAsync(transport);
        await AssertDeadlineExceededAsync(() => RunAsync(me, me.Options(TimeSpan.FromMilliseconds(300)), ("slow", Slow)));

        var batch = await me.CreateAsync([new Request { Path = "sample/numbers" }, Slow]);
        using var call = me.Batches.FetchResults(
            new FetchResultsRequest { BatchId = batch.Id }, me.Options(TimeSpan.FromSeconds(1)));
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        await AssertDeadlineExceededAsync(() => call.ResponseStream.MoveNext(CancellationToken.None));
        await me.Batches.DeleteBatchAsync(new DeleteBatchRequest { BatchId = batch.Id }, me.Options());
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task AnyCall_DeadlineThatOnlyTheServerKnowsPasses_IsDeadlineExceeded(Transport transport)
    {
        using var me = await ConnectAsync(transport);
        using var hurried = await ConnectAsync(transport, timeout: "300m");
        await AssertDeadlineExceededAsync(() => RunAsync(hurried, hurried.Options(), ("slow", Slow)));

        var batch = await me.CreateAsync([Slow]);
        using var call = hurried.Batches.FetchResults(new FetchResultsRequest { BatchId = batch.Id }, me.Options());
        await AssertDeadlineExceededAsync(() => call.ResponseStream.MoveNext(CancellationToken.None));
        await me.Batches.DeleteBatchAsync(new DeleteBatchRequest { BatchId = batch.Id }, me.Options());
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task CreateBatch_SeveralMiB_ComeBackAsSent(Transport transport)
    {
        using var me = await ConnectAsync(transport);
        var text = string.Concat(Enumerable.Repeat("large ", 1 << 20));
        var request = new Request
        {
            Path = "sample/echo",
            Method = "POST",
            Headers = { ["content-type"] = "text/plain" },
            Body = ByteString.CopyFromUtf8(text),
        };
        foreach (var encoding in (string[])["identity", "gzip"])
        {
            var echo = await me.EchoAsync(request, me.Options(null, ("grpc-internal-encoding-request", encoding)));
            Assert.Equal(text, echo.Fields["body"].StringValue);
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task CreateBatch_WithMetadata_GivesTheApiTheCredentialOnly(Transport transport)
    {
        using var me = await ConnectAsync(transport);
        var echo = await me.EchoAsync(
            new Request { Path = "sample/echo", Headers = { ["X-Trace"] = "abc" } }, me.Options(null, ("x-other", "1")));
        var headers = echo.Fields["headers"].StructValue.Fields;
        Assert.Equal((me.Authorization, "abc"), (headers["authorization"].StringValue, headers["x-trace"].StringValue));
        Assert.DoesNotContain(
            headers.Keys, name => name is "te" or "x-other" || name.StartsWith("grpc-", StringComparison.Ordinal));
    }

    private static async Task<RunBatchResponse> RunAsync(
        GatewayClient me, CallOptions options, params (string Key, Request Request)[] calls) =>
        await me.Keyed.RunBatchAsync(
            new RunBatchRequest { Calls = { calls.Select(call => new KeyedRequest { Key = call.Key, Request = call.Request }) } },
            options);

    private static async Task AssertDeadlineExceededAsync(Func<Task> call) =>
        Assert.Equal(StatusCode.DeadlineExceeded, (await Assert.ThrowsAsync<RpcException>(call)).StatusCode);
}
