using System.Net;
using System.Net.Sockets;
using System.Text;
using Batching.Server.Connections;
using Batching.Server.Tests.Infrastructure;
using Batching.V1;
using Google.Protobuf;

namespace Batching.Server.Tests.Delivery;

/// <summary>Clients whose reply was written completely, and whose connection tells afterwards whether it has arrived.</summary>
public sealed class ResetReplyTests : IAsyncLifetime
{
    // What the sockets of both sides take in, so that all of it is written though nobody reads.
    private const int BodyBytes = 30_000;

    // As long as no test lasts, where it is not the window itself that is tested.
    private const string Long = "00:01:00";

    private TestApi _api = null!;

    public async Task InitializeAsync() => _api = await TestApi.StartAsync(context =>
        TestApi.BytesAsync(context, "application/octet-stream", new byte[BodyBytes]));

    public async Task DisposeAsync() => await _api.DisposeAsync();

    [Theory]
    [InlineData("")]
    [InlineData("/results")]
    public async Task Http1_NothingIsReadAndTheClientDies_ResultComesAgain(string path)
    {
        await using var gateway = await StartAsync(Long);
        var batch = await SubmitAsync(gateway);
        using (var client = await OpenAsync(gateway, batch.Path + path))
        {
            await UntilWrittenAsync(gateway);
            await AssertNothingWaitsAsync(gateway, batch);
        }

        await UntilItComesAgainAsync(gateway, batch);
    }

    [Theory]
    [InlineData("FetchBatch")]
    [InlineData("FetchResults")]
    public async Task Http2_NothingIsReadAndTheClientDies_ResultComesAgain(string method)
    {
        await using var gateway = await StartAsync(Long);
        var batch = await SubmitAsync(gateway);
        using (var client = await RawHttp2.ConnectAsync(gateway.Address))
        {
            await client.OpenGrpcAsync(
                $"/batch.v1.BatchService/{method}",
                new FetchBatchRequest { BatchId = batch.Id }.ToByteArray(),
                window: int.MaxValue);
            await UntilWrittenAsync(gateway);
            await AssertNothingWaitsAsync(gateway, batch);
        }

        await UntilItComesAgainAsync(gateway, batch);
    }

    [Fact]
    public async Task Http1_ReadAndClosedInOrder_NothingComesAgain()
    {
        await using var gateway = await StartAsync(Long);
        var batch = await SubmitAsync(gateway);
        using (var client = await OpenAsync(gateway, batch.Path))
        {
            await ReadReplyAsync(client);
            client.Shutdown(SocketShutdown.Both);
        }

        await UntilSettledAsync(gateway);
        await AssertNothingWaitsAsync(gateway, batch);
    }

    [Fact]
    public async Task Http1_AnotherRequestFollows_NothingComesAgain()
    {
        await using var gateway = await StartAsync(Long);
        var batch = await SubmitAsync(gateway);
        using (var client = await OpenAsync(gateway, batch.Path))
        {
            await ReadReplyAsync(client);
            await UntilWrittenAsync(gateway);
            await SendAsync(client, $"{batch.Path}/status");
            await UntilSettledAsync(gateway);
        }

        await AssertNothingWaitsAsync(gateway, batch);
    }

    [Fact]
    public async Task Http1_ClientDiesAfterTheWindow_NothingComesAgain()
    {
        await using var gateway = await StartAsync("00:00:00.2");
        var batch = await SubmitAsync(gateway);
        using (var client = await OpenAsync(gateway, batch.Path))
        {
            await UntilEmptyPageAsync(gateway, batch);
            await UntilSettledAsync(gateway);
        }

        await AssertNothingWaitsAsync(gateway, batch);
    }

    [Fact]
    public async Task Http1_WindowIsZero_CountsAtOnce()
    {
        await using var gateway = await StartAsync("00:00:00");
        var batch = await SubmitAsync(gateway);
        using (var client = await OpenAsync(gateway, batch.Path))
        {
            await UntilEmptyPageAsync(gateway, batch);
            Assert.Equal(0, gateway.Get<RecentReplies>().Count);
        }

        await AssertNothingWaitsAsync(gateway, batch);
    }

    [Fact]
    public async Task Http1_ClientDiesButAnotherCallHasNamedThePosition_NothingComesAgain()
    {
        await using var gateway = await StartAsync(Long);
        var batch = await SubmitAsync(gateway);
        using (var client = await OpenAsync(gateway, batch.Path))
        {
            await UntilWrittenAsync(gateway);
            Assert.Empty((await gateway.Rest.GetAsync($"{batch.Path}?after=1")).Success().Requests);
        }

        await UntilSettledAsync(gateway);
        await AssertNothingWaitsAsync(gateway, batch);
    }

    // Each of two pages that were out side by side is settled by its own connection.
    [Fact]
    public async Task Http1_OneOfTwoClientsDies_OnlyWhatItHadComesAgain()
    {
        await using var gateway = await StartAsync(Long, $"--Batch:Limits:PageBytes={BodyBytes}");
        var batch = await SubmitAsync(gateway, results: 2);
        using var lasting = new Socket(SocketType.Stream, ProtocolType.Tcp);
        using (var client = await OpenAsync(gateway, batch.Path))
        {
            await UntilWrittenAsync(gateway);
            await lasting.ConnectAsync(IPAddress.Loopback, new Uri(gateway.Address).Port);
            await SendAsync(lasting, batch.Path);
            Assert.Contains("\"position\":2", await ReadReplyAsync(lasting), StringComparison.Ordinal);
            await UntilWrittenAsync(gateway, replies: 2);
        }

        await UntilItComesAgainAsync(gateway, batch);
        await AssertNothingWaitsAsync(gateway, batch);
    }

    private Task<Gateway> StartAsync(string window, params string[] settings) =>
        Gateway.StartAsync(_api, [$"--Batch:Limits:ResetWindow={window}", .. settings]);

    private static async Task<SubmittedBatch> SubmitAsync(Gateway gateway, int results = 1)
    {
        var batch = await gateway.Rest.SubmitPathsAsync(Enumerable.Range(0, results).Select(i => $"{i}"));
        await gateway.Rest.WaitUntilDoneAsync(batch.Id);
        return batch;
    }

    private static async Task<Socket> OpenAsync(Gateway gateway, string path)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, new Uri(gateway.Address).Port);
        await SendAsync(socket, path);
        return socket;
    }

    private static async Task SendAsync(Socket socket, string path) =>
        await socket.SendAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));

    // To its end: the connection is kept, and the last chunk is empty.
    private static async Task<string> ReadReplyAsync(Socket socket)
    {
        var reply = new StringBuilder();
        var buffer = new byte[64 * 1024];
        while (!reply.ToString().EndsWith("\r\n0\r\n\r\n", StringComparison.Ordinal))
        {
            var read = await socket.ReceiveAsync(buffer).WithDeadlineAsync("the reply is there");
            Assert.NotEqual(0, read);
            reply.Append(Encoding.ASCII.GetString(buffer, 0, read));
        }

        return reply.ToString();
    }

    private static Task UntilWrittenAsync(Gateway gateway, int replies = 1) => Eventually.BeTrueAsync(
        () => gateway.Get<RecentReplies>().Count == replies, $"{replies} replies are written");

    private static Task UntilSettledAsync(Gateway gateway) => Eventually.BeTrueAsync(
        () => gateway.Get<RecentReplies>().Count == 0, "no reply is recent any more");

    private static Task UntilEmptyPageAsync(Gateway gateway, SubmittedBatch batch) => Eventually.BeTrueAsync(
        async () => (await gateway.Rest.GetAsync($"{batch.Path}?request_fields=id")).Success().Requests.Count == 0,
        "a page without any result");

    private static async Task AssertNothingWaitsAsync(Gateway gateway, SubmittedBatch batch)
    {
        var page = (await gateway.Rest.GetAsync(batch.Path)).Success();
        Assert.Empty(page.Requests);
        Assert.Equal(batch.RequestIds.Count, page.Batch.GetProperty("position").GetInt32());
    }

    private static Task UntilItComesAgainAsync(Gateway gateway, SubmittedBatch batch) => Eventually.BeTrueAsync(
        async () =>
        {
            var requests = (await gateway.Rest.GetAsync(batch.Path)).Success().Requests;
            return requests.Count == 1 && requests[0].GetProperty("responseSize").GetInt32() == BodyBytes;
        },
        "the result comes again");
}
