using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Batching.Server.Tests.Infrastructure;
using Batching.V1;
using Google.Protobuf;

namespace Batching.Server.Tests.Delivery;

/// <summary>Clients break their connections in the middle of a reply.</summary>
public sealed class CutReplyTests
{
    // More than the buffers of two sockets take, so that the server can't have written all of it.
    private const int Size = 8_000_000;
    private const int Cuts = 20;
    private const int PageSize = 400_000;

    [Fact]
    public async Task Fetch_ConnectionBreaksInTheMiddle_ResultComesAgain()
    {
        await using var api = await TestApi.StartAsync(context =>
            TestApi.BytesAsync(context, "application/octet-stream", new byte[Size]));
        await using var gateway = await Gateway.StartAsync(api);
        var batch = await gateway.Rest.SubmitPathsAsync("x");
        await gateway.Rest.WaitUntilDoneAsync(batch.Id);

        for (var cut = 0; cut < Cuts; cut++)
        {
            // Each waits until what the one before it has begun has ended: the batch is done.
            await FetchAndCutAsync(new Uri(gateway.Address), batch.Path);
        }

        var request = Assert.Single((await gateway.Rest.GetAsync(batch.Path)).Success().Requests);
        Assert.Equal(Size, request.GetProperty("responseSize").GetInt32());
        Assert.Empty((await gateway.Rest.GetAsync(batch.Path)).Success().Requests);
    }

    [Theory]
    [InlineData("grpc")]
    [InlineData("rest")]
    public async Task Fetch_Http2ReaderStopsInTheMiddle_ResultComesAgain(string api)
    {
        await using var upstream = await TestApi.StartAsync(context =>
            TestApi.BytesAsync(context, "application/octet-stream", new byte[PageSize]));
        await using var gateway = await Gateway.StartAsync(upstream);
        var batch = await gateway.Rest.SubmitPathsAsync("x");
        await gateway.Rest.WaitUntilDoneAsync(batch.Id);

        // Nobody reads the body: the server may send 64 KiB of it, and no more.
        using (var http = new HttpClient(new SocketsHttpHandler { InitialHttp2StreamWindowSize = 65_535 }))
        using (var request = api == "grpc" ? NewGrpcFetch(batch) : new HttpRequestMessage(HttpMethod.Get, batch.Path))
        {
            http.BaseAddress = new Uri(gateway.Address);
            request.Version = HttpVersion.Version20;
            request.VersionPolicy = HttpVersionPolicy.RequestVersionExact;
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        var result = Assert.Single((await gateway.Rest.GetAsync(batch.Path)).Success().Requests);
        Assert.Equal(PageSize, result.GetProperty("responseSize").GetInt32());
        Assert.Empty((await gateway.Rest.GetAsync(batch.Path)).Success().Requests);
    }

    [Theory]
    [InlineData(10, "", "\"statusCode\":200}")]
    [InlineData(PageSize, "", "\"statusCode\":200}")]
    [InlineData(10, "/results", "\"end\":true")]
    public async Task Fetch_ReaderClosesAsSoonAsItHasAll_NothingComesAgain(int size, string method, string end)
    {
        await using var api = await TestApi.StartAsync(context =>
            TestApi.BytesAsync(context, "application/octet-stream", new byte[size]));
        var close = new CloseBeforeEnd();
        await using var gateway = await Gateway.StartBehindAsync(close, api);
        var batch = await gateway.Rest.SubmitPathsAsync("x");
        await gateway.Rest.WaitUntilDoneAsync(batch.Id);

        await GetAndCloseAsync(new Uri(gateway.Address), batch.Path + method, end);
        await close.Ended.WithDeadlineAsync("the call had ended");

        Assert.Empty((await gateway.Rest.GetAsync(batch.Path)).Success().Requests);
    }

    private static HttpRequestMessage NewGrpcFetch(SubmittedBatch batch)
    {
        var message = new FetchBatchRequest { BatchId = batch.Id };
        var size = message.CalculateSize();
        var request = new HttpRequestMessage(HttpMethod.Post, "/batch.v1.BatchService/FetchBatch")
        {
            Content = new ByteArrayContent([0, 0, 0, 0, (byte)size, .. message.ToByteArray()]),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        request.Headers.TE.ParseAdd("trailers");
        return request;
    }

    private static async Task GetAndCloseAsync(Uri address, string path, string end)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(address.Host, address.Port);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"GET {path} HTTP/1.1\r\nHost: {address.Authority}\r\n{CloseBeforeEnd.Header}: 1\r\n\r\n"));

        var reply = new StringBuilder();
        var buffer = new byte[64 * 1024];
        while (!reply.ToString().Contains(end, StringComparison.Ordinal))
        {
            var read = await stream.ReadAsync(buffer).AsTask().WithDeadlineAsync("the reply was there");
            Assert.NotEqual(0, read);
            reply.Append(Encoding.ASCII.GetString(buffer, 0, read));
        }
    }

    private static async Task FetchAndCutAsync(Uri address, string path)
    {
        using var client = new TcpClient { LingerState = new LingerOption(true, 0) };
        await client.ConnectAsync(address.Host, address.Port);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: {address.Authority}\r\n\r\n"));

        var head = new byte[15];
        await stream.ReadExactlyAsync(head);
        Assert.Equal("HTTP/1.1 200 OK", Encoding.ASCII.GetString(head));
    }
}
