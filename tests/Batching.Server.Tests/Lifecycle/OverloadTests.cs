using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Batching.Server.Tests.Infrastructure;
using Batching.V1;
using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;
using Xunit.Abstractions;

namespace Batching.Server.Tests.Lifecycle;

/// <summary>Many clients that take much and give little.</summary>
public sealed class OverloadTests(ITestOutputHelper output)
{
    private const int Many = 1000;
    private const long Megabyte = 1024 * 1024;

    [Fact]
    public async Task SlowBody_Http1_Is408()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, "--Batch:Limits:SubmissionTime=00:00:01");
        using var socket = await ConnectAsync(gateway.Address);
        await SendHeadAsync(socket, gateway.Address, 10_000);
        await socket.SendAsync("[{"u8.ToArray());

        var buffer = new byte[4096];
        var read = await socket.ReceiveAsync(buffer).WithDeadlineAsync("the gateway gives up");

        Assert.StartsWith("HTTP/1.1 408", Encoding.ASCII.GetString(buffer, 0, read), StringComparison.Ordinal);
        await gateway.AssertNothingStoredAsync();
    }

    [Fact]
    public async Task SlowBody_Grpc_EndsItsCallAndNotItsConnection()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, "--Batch:Limits:SubmissionTime=00:00:01");
        var connections = 0;
        using var http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (context, cancellationToken) =>
            {
                connections++;
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
        using var slow = CreateCall(gateway, "CreateBatch", new SlowContent());

        using var reply = await http.SendAsync(slow).WithDeadlineAsync("the gateway gives up");

        Assert.Equal("4", Status(reply));
        using var quick = CreateCall(gateway, "ListBatches", Frame(new ListBatchesRequest()));
        using var other = await http.SendAsync(quick);
        Assert.Equal("0", Status(other));
        Assert.Equal(1, connections);
        await gateway.AssertNothingStoredAsync();
    }

    [Fact]
    public async Task Bodies_MoreThanThereIsRoomFor_AreRefusedUntilThereIs()
    {
        const int Size = 900_000;
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, "--Batch:Limits:ReceivingBytes=1048576");
        var json = $$"""[{"path": "x", "method": "POST", "body": "{{new string('x', Size)}}"}]""";
        using (var socket = await ConnectAsync(gateway.Address))
        {
            await SendHeadAsync(socket, gateway.Address, json.Length);
            await socket.SendAsync(Encoding.ASCII.GetBytes(json[..^1]));

            RestReply? refused = null;
            await Eventually.BeTrueAsync(
                async () => (refused = await gateway.Rest.PostAsync(json)).Status != 200, "the first body takes its room");
            refused!.Error(429, "RESOURCE_EXHAUSTED");
            Assert.Equal(TimeSpan.FromSeconds(1), refused.Headers.RetryAfter?.Delta);
            await gateway.Rest.SubmitPathsAsync("small");
        }

        await Eventually.BeTrueAsync(
            async () => (await gateway.Rest.PostAsync(json)).Status == 200, "there is room again");
    }

    // 429 would have its caller try again for ever.
    [Fact]
    public async Task Body_LargerThanAllRoom_Is413()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, "--Batch:Limits:ReceivingBytes=1048576");
        var json = $$"""[{"path": "x", "method": "POST", "body": "{{new string('x', 3 << 20)}}"}]""";

        var reply = (await gateway.Rest.PostAsync(json)).Error(413, "RESOURCE_EXHAUSTED");
        Assert.Null(reply.Headers.RetryAfter);
        Assert.Contains("1048576 bytes", reply.Text, StringComparison.Ordinal);
        Assert.Equal(413, (await gateway.Rest.PostAsync(json, "/api/v2/batch")).Status);
        var error = await Assert.ThrowsAsync<RpcException>(async () => await gateway.Grpc.CreateBatchAsync(
            new CreateBatchRequest { Requests = { new Request { Path = "x", Body = ByteString.CopyFrom(new byte[3 << 20]) } } }));
        Assert.Equal(StatusCode.ResourceExhausted, error.StatusCode);
        Assert.Null(error.GetRpcStatus()?.GetDetail<RetryInfo>());
        await gateway.AssertNothingStoredAsync();
    }

    [Fact]
    public async Task IdleStreamsAndConnections_Many_TakeLittleAndOthersDoNotNotice()
    {
        var release = new TaskCompletionSource();
        await using var api = await TestApi.StartAsync(async context =>
        {
            if (context.Request.Path == "/hang")
            {
                await release.Task;
            }

            await TestApi.JsonAsync(context, "1");
        });
        using var data = new TemporaryDirectory();
        using var gateway = await GatewayProcess.StartAsync(new Dictionary<string, string>
        {
            ["Batch__Upstream"] = api.Address,
            ["Batch__DataDirectory"] = data.FullName,
            ["Batch__Quotas__Streams"] = $"{2 * Many}",
        });
        var batch = await gateway.Rest.SubmitPathsAsync("hang");
        await ProbeAsync(gateway, 50);
        var memory = gateway.ResidentBytes;
        var quiet = await ProbeAsync(gateway, 50);
        var sockets = new List<Socket>();
        try
        {
            for (var i = 0; i < Many; i++)
            {
                var stream = await ConnectAsync(gateway.Address);
                sockets.Add(stream);
                await stream.SendAsync(Encoding.ASCII.GetBytes(
                    $"GET {batch.Path}/results HTTP/1.1\r\nHost: {new Uri(gateway.Address).Authority}\r\n\r\n"));
                sockets.Add(await ConnectAsync(gateway.Address));
            }

            var crowded = await ProbeAsync(gateway, 50);
            var more = (gateway.ResidentBytes - memory) / Megabyte;
            output.WriteLine($"{Many} streams and {Many} connections: {more} MiB more; slowest probe {crowded} after {quiet}.");
            Assert.InRange(more, -100, 150);
            Assert.InRange(crowded, TimeSpan.Zero, TimeSpan.FromSeconds(5));

            release.SetResult();
            var buffer = new byte[16 * 1024];
            for (var i = 0; i < sockets.Count; i += 2)
            {
                var text = "";
                while (!text.Contains("\"end\":true", StringComparison.Ordinal))
                {
                    var read = await sockets[i].ReceiveAsync(buffer).WithDeadlineAsync("the stream goes on");
                    Assert.NotEqual(0, read);
                    text += Encoding.UTF8.GetString(buffer, 0, read);
                }
            }
        }
        finally
        {
            sockets.ForEach(socket => socket.Dispose());
        }

        gateway.AssertNoErrors();
    }

    [Fact]
    public async Task ReadersThatNeverRead_Many_TakeLittle()
    {
        const int Readers = 50;
        const int Results = 40;
        var body = new byte[Megabyte];
        await using var api = await TestApi.StartAsync(
            context => TestApi.BytesAsync(context, "application/octet-stream", body));
        using var data = new TemporaryDirectory();
        using var gateway = await GatewayProcess.StartAsync(api, data);
        using var reader = new RestClient(gateway.Address, "Bearer reader");
        var batch = await reader.SubmitPathsAsync(Enumerable.Range(0, Results).Select(i => $"{i}"));
        await reader.WaitUntilDoneAsync(batch.Id);
        using (var warmUp = await reader.OpenAsync($"{batch.Path}/results?after=0"))
        {
            await warmUp.Content.CopyToAsync(Stream.Null);
        }

        var memory = gateway.ResidentBytes;
        var sockets = new List<Socket>();
        try
        {
            for (var i = 0; i < Readers; i++)
            {
                var socket = await ConnectAsync(gateway.Address);
                sockets.Add(socket);
                await socket.SendAsync(Encoding.ASCII.GetBytes(
                    $"GET {batch.Path}/results?after=0 HTTP/1.1\r\nHost: {new Uri(gateway.Address).Authority}\r\n"
                    + "Authorization: Bearer reader\r\n\r\n"));
            }

            // Of another owner: the readers wait for each other.
            await ProbeAsync(gateway, 50);
            var more = (gateway.ResidentBytes - memory) / Megabyte;
            output.WriteLine($"{Readers} readers of {Results} MiB: {more} MiB more.");
            // A result and its base64 text for each, not the batch.
            Assert.InRange(more, -100, Readers * 8);
        }
        finally
        {
            sockets.ForEach(socket => socket.Dispose());
        }
    }

    // Another client's round trip, the slowest of some.
    private static async Task<TimeSpan> ProbeAsync(GatewayProcess gateway, int count)
    {
        var slowest = TimeSpan.Zero;
        for (var i = 0; i < count; i++)
        {
            var started = Stopwatch.GetTimestamp();
            var batch = await gateway.Rest.SubmitPathsAsync("probe");
            using var stream = await gateway.Rest.OpenAsync($"{batch.Path}/results");
            await stream.Content.ReadAsStringAsync().WithDeadlineAsync("a probe comes back");
            var elapsed = Stopwatch.GetElapsedTime(started);
            slowest = elapsed > slowest ? elapsed : slowest;
        }

        return slowest;
    }

    private static async Task<Socket> ConnectAsync(string address)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await socket.ConnectAsync(IPAddress.Loopback, new Uri(address).Port);
        return socket;
    }

    private static Task<int> SendHeadAsync(Socket socket, string address, int length) => socket.SendAsync(
        Encoding.ASCII.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $"POST /api/v0/batch HTTP/1.1\r\nHost: {new Uri(address).Authority}\r\nContent-Length: {length}\r\n\r\n")));

    private static string Status(HttpResponseMessage reply) =>
        (reply.TrailingHeaders.TryGetValues("grpc-status", out var values)
            || reply.Headers.TryGetValues("grpc-status", out values)
            ? values.Single()
            : "none");

    private static HttpRequestMessage CreateCall(Gateway gateway, string method, HttpContent content)
    {
        content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        var request = new HttpRequestMessage(HttpMethod.Post, $"{gateway.Address}/batch.v1.BatchService/{method}")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = content,
        };
        request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        return request;
    }

    private static ByteArrayContent Frame(IMessage message)
    {
        var bytes = message.ToByteArray();
        return new ByteArrayContent([0, 0, 0, 0, (byte)bytes.Length, .. bytes]);
    }

    /// <summary>The beginning of a message, and then nothing for as long as anybody waits.</summary>
    private sealed class SlowContent : HttpContent
    {
        protected override async Task SerializeToStreamAsync(
            Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            await stream.WriteAsync((byte[])[0, 0, 0, 16, 0, 1], cancellationToken);
            await stream.FlushAsync(cancellationToken);
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
        }

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
            SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
