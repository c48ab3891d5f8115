using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Batching.Server.Tests.Infrastructure;
using Batching.V1;
using Google.Rpc;
using Microsoft.AspNetCore.Http;

namespace Batching.Server.Tests.Delivery;

/// <summary>What the gateway answers in the API's place, and that the rest of a batch does not suffer from it.</summary>
public sealed class UpstreamFailureTests
{
    private const int TooLarge = 10 * 1024 * 1024 + 1;

    [Fact]
    public async Task Fetch_UpstreamDown_Is502Unreachable()
    {
        await AssertFailsAloneAsync(
            NobodysAddress(), 502, "UPSTREAM_UNREACHABLE", "The API could not be reached.", Code.Unavailable);
    }

    [Fact]
    public async Task Fetch_UpstreamSlowerThanTheDeadline_Is504()
    {
        await using var slow = await TestApi.StartAsync(context => Task.Delay(
            Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted));
        await AssertFailsAloneAsync(
            slow.Address,
            504,
            "UPSTREAM_TIMEOUT",
            "The API did not answer within 0.5 s.",
            Code.DeadlineExceeded,
            timeout: "00:00:00.5");
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nonly this")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nthis\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Le")]
    [InlineData("")]
    public async Task Fetch_UpstreamCutsTheConnection_Is502Reset(string answer)
    {
        await using var broken = new RawApi(answer);
        await AssertFailsAloneAsync(
            broken.Address,
            502,
            "UPSTREAM_RESET",
            "The connection to the API broke before its answer was complete.",
            Code.Unavailable);
    }

    [Fact]
    public async Task Fetch_UpstreamSpeaksNoHttp_Is502Reset()
    {
        await using var broken = new RawApi("SSH-2.0-OpenSSH\r\n");
        await AssertFailsAloneAsync(
            broken.Address, 502, "UPSTREAM_RESET", "The answer of the API is not valid HTTP.", Code.Unavailable);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Fetch_ResponseOver10MiB_Is502TooLarge(bool isAnnounced)
    {
        await using var large = await TestApi.StartAsync(context => SendAsync(context, TooLarge, isAnnounced));
        await AssertFailsAloneAsync(
            large.Address,
            502,
            "RESPONSE_TOO_LARGE",
            "The answer of the API is larger than 10485760 bytes.",
            Code.ResourceExhausted);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Fetch_ResponseOf10MiB_Arrives(bool isAnnounced)
    {
        await using var large = await TestApi.StartAsync(context => SendAsync(context, TooLarge - 1, isAnnounced));
        await using var gateway = await Gateway.StartAsync(large);

        var request = await gateway.Rest.RunAsync("""{"path": "x"}""");

        Assert.Equal(TooLarge - 1, request.GetProperty("responseSize").GetInt64());
        Assert.Equal(TooLarge - 1, request.GetProperty("response").GetString()!.Length);
    }

    [Theory]
    [InlineData("GET", 3)]
    [InlineData("POST", 1)]
    public async Task Fetch_UpstreamBusy_IsAskedAgainWhereThatIsSafe(string method, int attempts)
    {
        var count = 0;
        await using var api = await TestApi.StartAsync(context =>
        {
            context.Response.StatusCode = Interlocked.Increment(ref count) < 3 ? 503 : 200;
            return Task.CompletedTask;
        });
        await using var gateway = await Gateway.StartAsync(api);

        var request = await gateway.Rest.RunAsync($$"""{"path": "x", "method": "{{method}}"}""");

        Assert.Equal(attempts, api.Requests.Count);
        Assert.Equal(attempts == 3 ? 200 : 503, request.GetProperty("responseStatusCode").GetInt32());
    }

    // One upstream that fails, one that doesn't, in one batch.
    private static async Task AssertFailsAloneAsync(
        string badUpstream, int statusCode, string reason, string message, Code code, string timeout = "00:00:30")
    {
        await using var good = await TestApi.StartAsync(context => TestApi.JsonAsync(context, "\"good\""));
        await using var gateway = await Gateway.StartAsync(
            "",
            $"--Batch:Upstreams:0:BaseAddress={good.Address}",
            $"--Batch:Upstreams:1:BaseAddress={badUpstream}",
            "--Batch:Upstreams:1:Prefix=/bad",
            $"--Batch:Upstreams:1:Timeout={timeout}");
        var batch = await gateway.Rest.SubmitAsync(
            """[{"path": "good/1"}, {"path": "bad", "method": "POST"}, {"path": "good/2"}]""");
        await gateway.Rest.WaitUntilDoneAsync(batch.Id);

        var ids = string.Join(",", batch.RequestIds);
        var reply = (await gateway.Rest.GetAsync($"{batch.Path}?request_ids={ids}")).Success();

        Assert.Equal(
            [200, statusCode, 200],
            reply.Requests.Select(request => request.GetProperty("responseStatusCode").GetInt32()));
        Assert.Equal("\"good\"", reply.Requests[0].GetProperty("response").GetRawText());
        Assert.Equal(
            $$"""{"message":"{{message}}","statusCode":{{statusCode}},"error":"{{reason}}"}""",
            reply.Requests[1].GetProperty("response").GetRawText());
        Assert.Equal(0, reply.Requests[1].GetProperty("responseSize").GetInt64());
        Assert.Equal("\"good\"", reply.Requests[2].GetProperty("response").GetRawText());

        var overGrpc = await gateway.Grpc.FetchBatchAsync(
            new FetchBatchRequest { BatchId = batch.Id, RequestIds = { batch.RequestIds[1] } });
        Assert.Equal(1, overGrpc.Batch.FailedRequests);
        var response = Assert.Single(overGrpc.Batch.Requests).Response;
        Assert.Equal(statusCode, response.StatusCode);
        Assert.Equal(((int)code, message), (response.Error.Code, response.Error.Message));
        Assert.Equal(reason, Assert.Single(response.Error.Details).Unpack<ErrorInfo>().Reason);
    }

    private static async Task SendAsync(HttpContext context, int length, bool isAnnounced)
    {
        context.Response.ContentType = "text/plain";
        context.Response.ContentLength = isAnnounced ? length : null;
        var piece = new byte[64 * 1024];
        Array.Fill(piece, (byte)'x');
        try
        {
            for (var sent = 0; sent < length; sent += piece.Length)
            {
                await context.Response.Body.WriteAsync(
                    piece.AsMemory(0, Math.Min(piece.Length, length - sent)), context.RequestAborted);
            }
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The gateway has seen enough.
        }
    }

    private static string NobodysAddress()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return string.Create(CultureInfo.InvariantCulture, $"http://{listener.LocalEndpoint}");
    }
}
