using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Batching.Server.Tests.Infrastructure;
using Batching.V1;
using Google.Protobuf;
using Grpc.Core;

namespace Batching.Security.Tests;

/// <summary>Whatever comes in is charged to who sends it, and whoever stalls is cut.</summary>
public sealed class ReceivingTests
{
    private const int Megabyte = 1024 * 1024;
    private const int MessageBytes = 32 * Megabyte - 1024;
    private const string Upload = "/batch.v1.BatchService/UploadBatch";

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    [Theory]
    [InlineData(Upload)]
    [InlineData("/batch.v1.BatchService/CreateBatch")]
    [InlineData("/batch.v1.BatchService/ListBatches")]
    public async Task Grpc_ManyMessagesThatAreNeverComplete_TakeNoMoreThanTheBudget(string method)
    {
        await using var api = await TestApi.StartAsync();
        using var data = new TemporaryDirectory();
        using var gateway = await GatewayProcess.StartAsync(api, data);
        using var other = new RestClient(gateway.Address, "Bearer other");
        await ProbeAsync(other);
        var before = gateway.ResidentBytes;
        using var http = new HttpClient();
        using var end = new CancellationTokenSource();
        var calls = Enumerable.Range(0, 30).Select(_ => Unfinished(MessageBytes, end.Token)).ToArray();
        var replies = calls.Select(call => ReadStatusAsync(http, gateway.Address + method, call)).ToArray();

        await Eventually.BeTrueAsync(
            () => calls.Zip(replies).All(call => call.First.IsSilent || call.Second.IsCompleted), "all are sent or refused");
        var latency = await ProbeAsync(other);
        var more = (gateway.ResidentBytes - before) / Megabyte;

        // What one owner may have, and as much again for what the collector has not taken yet.
        Assert.InRange(more, -100, 200);
        Assert.InRange(latency, TimeSpan.Zero, Soon);
        Assert.Contains(replies, reply => reply.IsCompleted && reply.Result == "8");
        await end.CancelAsync();
        await Task.WhenAll(replies);
    }

    [Theory]
    [InlineData("/api/v0/batch")]
    [InlineData("/api/v1/batches")]
    [InlineData("/api/v2/batch")]
    public async Task Rest_BodiesThatStallBeforeTheirEnd_AreCutAndKeepNobodyOut(string path)
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, "--Batch:Limits:SenderStall=00:00:02");
        using var other = gateway.RestAs("Bearer other");
        var sockets = new List<Socket>();
        try
        {
            var refused = 0;
            for (var i = 0; i < 8; i++)
            {
                var socket = await SendAllButAByteAsync(gateway.Address, path, 30 * Megabyte);
                sockets.Add(socket);
                Assert.InRange(await ProbeAsync(other), TimeSpan.Zero, Soon);
            }

            foreach (var socket in sockets)
            {
                var reply = await ReadAsync(socket);
                refused += reply.StartsWith("HTTP/1.1 429", StringComparison.Ordinal) ? 1 : 0;
                Assert.True(
                    reply.StartsWith("HTTP/1.1 429", StringComparison.Ordinal)
                    || (reply.StartsWith("HTTP/1.1 408", StringComparison.Ordinal)
                        && reply.Contains("Batch:Limits:SenderStall", StringComparison.Ordinal)),
                    reply);
            }

            Assert.InRange(refused, 4, 7);
        }
        finally
        {
            sockets.ForEach(socket => socket.Dispose());
        }

        // The owner itself is let in again.
        Assert.InRange(await ProbeAsync(gateway.Rest), TimeSpan.Zero, Soon);
        await gateway.Rest.GetAsync("/healthz");
    }

    [Theory]
    [InlineData("/batch.v1.BatchService/CreateBatch")]
    [InlineData("/batch.v1.BatchService/FetchBatch")]
    [InlineData("/batch.v1.BatchService/FetchResults")]
    [InlineData("/batch.v1.KeyedBatchService/RunBatch")]
    [InlineData(Upload)]
    [InlineData("/grpc.health.v1.Health/Check")]
    [InlineData("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo")]
    public async Task Grpc_MessageThatStalls_IsCutAndItsConnectionIsNot(string method)
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, "--Batch:Limits:SenderStall=00:00:01");
        using var http = new HttpClient();
        using var end = new CancellationTokenSource();

        Assert.Equal("4", await ReadStatusAsync(http, gateway.Address + method, Unfinished(1_000, end.Token)).WithDeadlineAsync("it is cut"));
        Assert.Empty((await gateway.Grpc.ListBatchesAsync(new ListBatchesRequest())).Batches);
    }

    // Between its messages a stream may be silent for longer.
    [Fact]
    public async Task Upload_SilentBetweenItsMessages_IsNotCut()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, "--Batch:Limits:SenderStall=00:00:01");
        using var upload = gateway.Grpc.UploadBatch();
        await upload.RequestStream.WriteAsync(new UploadBatchRequest { Requests = { new Request { Path = "a" } } });
        await Task.Delay(TimeSpan.FromSeconds(3), TimeProvider.System);
        await upload.RequestStream.WriteAsync(new UploadBatchRequest { Requests = { new Request { Path = "b" } } });
        await upload.RequestStream.CompleteAsync();

        Assert.Equal(2, (await upload.ResponseAsync).Batch.TotalRequests);
    }

    [Fact]
    public async Task Bodies_Compressed_AreCountedAsTheyGrow()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, "--Batch:Limits:ReceivingBytesPerOwner=1048576");
        var request = new Request { Path = "x", Method = "POST", Body = ByteString.CopyFrom(new byte[3 * Megabyte]) };
        using var content = new ByteArrayContent(Gzip(Encoding.ASCII.GetBytes($"[{new string(' ', 3 * Megabyte)}]")));
        content.Headers.ContentEncoding.Add("gzip");

        Assert.Equal(413, (await gateway.Rest.SendAsync(HttpMethod.Post, "/api/v0/batch", content)).Status);
        var error = await Assert.ThrowsAsync<RpcException>(async () => await gateway.Grpc.CreateBatchAsync(
            new CreateBatchRequest { Requests = { request } }, new Metadata { { "grpc-internal-encoding-request", "gzip" } }));
        Assert.Equal(StatusCode.ResourceExhausted, error.StatusCode);
        Assert.Contains("Batch:Limits:ReceivingBytes", error.Status.Detail, StringComparison.Ordinal);
        await gateway.AssertNothingStoredAsync();
    }

    // Each of these calls is held in memory while its API answers.
    [Fact]
    public async Task Decoded_CallsOfOneOwner_HaveAShareAndAreGivenBack()
    {
        var release = new TaskCompletionSource();
        await using var api = await TestApi.StartAsync(async context =>
        {
            await release.Task;
            await TestApi.JsonAsync(context, "1");
        });
        await using var gateway = await Gateway.StartAsync(
            api, "--Batch:Limits:DecodingBytes=8388608", "--Batch:Limits:DecodingBytesPerOwner=4194304");
        using var other = gateway.RestAs("Bearer other");
        var body = $$$"""{"a": {"url": "/x", "method": "POST", "payload": "{{{new string('x', Megabyte / 2)}}}"}}""";

        var calls = Enumerable.Range(0, 12).Select(_ => gateway.Rest.PostAsync(body, "/api/v2/batch")).ToArray();
        await Eventually.BeTrueAsync(() => api.Requests.Count + calls.Count(call => call.IsCompleted) == 12, "all have come");
        var refused = calls.Where(call => call.IsCompleted).Select(call => call.Result).ToArray();
        var others = other.PostAsync(body, "/api/v2/batch");
        await Eventually.BeTrueAsync(() => api.Requests.Count == 13 - refused.Length, "that of another owner has come");

        Assert.InRange(refused.Length, 6, 10);
        Assert.All(refused, reply =>
        {
            Assert.Equal(429, reply.Status);
            Assert.NotNull(reply.Headers.RetryAfter);
            Assert.Contains("Batch:Limits:DecodingBytesPerOwner", reply.Text, StringComparison.Ordinal);
        });
        release.SetResult();
        Assert.Equal(200, (await others).Status);
        await Task.WhenAll(calls);
        Assert.Equal(200, (await gateway.Rest.PostAsync(body, "/api/v2/batch")).Status);
    }

    [Fact]
    public async Task Reflection_LongName_IsRefused()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);
        using var http = new HttpClient();
        var name = new byte[100_000];
        byte[] message = [0x22, 0xA0, 0x8D, 0x06, .. name];

        var content = new ByteArrayContent([0, .. Length(message.Length), .. message]);
        Assert.Equal("8", await ReadStatusAsync(
            http, $"{gateway.Address}/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", content));
    }

    // The round trip of another caller.
    private static async Task<TimeSpan> ProbeAsync(RestClient client)
    {
        var started = Stopwatch.GetTimestamp();
        await client.SubmitPathsAsync("probe").WithDeadlineAsync("another caller is served");
        return Stopwatch.GetElapsedTime(started);
    }

    private static async Task<string> ReadStatusAsync(HttpClient http, string url, HttpContent content)
    {
        content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        using var request = new HttpRequestMessage(HttpMethod.Post, url)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = content,
        };
        try
        {
            using var reply = await http.SendAsync(request);
            await reply.Content.ReadAsByteArrayAsync();
            return reply.TrailingHeaders.TryGetValues("grpc-status", out var values)
                || reply.Headers.TryGetValues("grpc-status", out values)
                ? values.Single()
                : "none";
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException)
        {
            return exception.GetType().Name;
        }
    }

    private static async Task<Socket> SendAllButAByteAsync(string address, string path, int length)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, new Uri(address).Port);
        try
        {
            await socket.SendAsync(Encoding.ASCII.GetBytes(string.Create(
                CultureInfo.InvariantCulture,
                $"POST {path} HTTP/1.1\r\nHost: {new Uri(address).Authority}\r\nContent-Length: {length}\r\n\r\n")));
            var spaces = Encoding.ASCII.GetBytes(new string(' ', Megabyte));
            for (var left = length - 1; left > 0;)
            {
                left -= await socket.SendAsync(spaces.AsMemory(0, Math.Min(left, spaces.Length)));
            }
        }
        catch (SocketException)
        {
            // Refused before its end.
        }

        return socket;
    }

    private static async Task<string> ReadAsync(Socket socket)
    {
        var text = new StringBuilder();
        var buffer = new byte[16 * 1024];
        try
        {
            int read;
            while ((read = await socket.ReceiveAsync(buffer).WithDeadlineAsync("the gateway answers")) > 0)
            {
                text.Append(Encoding.UTF8.GetString(buffer, 0, read));
                if (text.ToString().Contains("\r\n\r\n{", StringComparison.Ordinal))
                {
                    break;
                }
            }
        }
        catch (SocketException)
        {
            // Closed while there was still something on its way to the gateway.
        }

        return text.ToString();
    }

    private static byte[] Gzip(byte[] bytes)
    {
        using var buffer = new MemoryStream();
        using (var gzip = new GZipStream(buffer, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(bytes);
        }

        return buffer.ToArray();
    }

    private static byte[] Length(int length)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, length);
        return bytes;
    }

    private static UnfinishedMessage Unfinished(int length, CancellationToken end) => new(length, end);

    /// <summary>A message without its last byte, and then nothing.</summary>
    private sealed class UnfinishedMessage(int length, CancellationToken end) : HttpContent
    {
        private volatile bool _isSilent;

        public bool IsSilent => _isSilent;

        protected override async Task SerializeToStreamAsync(
            Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            await stream.WriteAsync((byte[])[0, .. Length(length)], cancellationToken);
            var part = new byte[64 * 1024];
            for (var left = length - 1; left > 0; left -= part.Length)
            {
                await stream.WriteAsync(part.AsMemory(0, Math.Min(left, part.Length)), cancellationToken);
            }

            await stream.FlushAsync(cancellationToken);
            _isSilent = true;
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, end);
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, either.Token);
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
