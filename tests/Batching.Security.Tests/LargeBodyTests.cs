using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Batching.Engine.Quotas;
using Batching.Server.Tests.Infrastructure;
using Batching.V1;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;

namespace Batching.Security.Tests;

/// <summary>Large bodies are work for the processors, which nobody has for itself alone.</summary>
public sealed class LargeBodyTests
{
    private const int Large = 200_000;
    private const int Megabyte = 1024 * 1024;

    private static readonly string Padding = new(' ', Large);
    private static readonly string Batch = $$"""[{"path": "x"}{{Padding}}]""";
    private static readonly string LongPath = new('x', 1_000);
    private static readonly Request Post = new() { Path = "x", Method = "POST", Body = ByteString.CopyFrom(new byte[Large]) };

    // Whoever sends one waits while another owner has the only turn, and small ones pass it.
    [Theory]
    [InlineData("v0")]
    [InlineData("v0, no JSON")]
    [InlineData("v0, gzip")]
    [InlineData("v0, gzip, too large")]
    [InlineData("v1")]
    [InlineData("v2")]
    [InlineData("gRPC")]
    [InlineData("gRPC, gzip")]
    [InlineData("upload")]
    [InlineData("keyed gRPC")]
    public async Task LargeBody_AnotherHasTheTurn_WaitsAndSmallOnesDoNot(string kind)
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(
            api, "--Batch:Limits:LargeBodiesAtOnce=1", "--Batch:Limits:SubmissionBytes=1048576");
        var turns = gateway.Get<MemoryBudgets>().Work;
        var turn = await turns.TakeAsync("another", Large, default);

        var reply = SendAsync(gateway, kind);
        await Eventually.BeTrueAsync(() => turns.Owners == 2 || reply.IsCompleted, "the body has come");
        Assert.False(reply.IsCompleted);
        await gateway.Rest.RunAsync("""{"path": "x"}""");
        Assert.False(reply.IsCompleted);

        turn!.Dispose();
        var status = kind switch { "v0, no JSON" => 400, "v0, gzip, too large" => 413, _ => 200 };
        Assert.Equal(status, await reply.WithDeadlineAsync("it is answered"));
        await Eventually.BeTrueAsync(() => turns.Owners == 0, "the turn is given back");
    }

    // A body that comes slowly holds nobody up.
    [Fact]
    public async Task LargeBody_NotComplete_HasNoTurn()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, "--Batch:Limits:LargeBodiesAtOnce=1");
        var gzip = Compressed.GzipBytes(Encoding.ASCII.GetBytes($$"""[{"path": "x"}{{new string(' ', 20 * Megabyte)}}]"""));
        using var slow = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await slow.ConnectAsync(IPAddress.Loopback, new Uri(gateway.Address).Port);
        await slow.SendAsync(Encoding.ASCII.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $"POST /api/v0/batch HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: gzip\r\nContent-Length: {gzip.Length}\r\n\r\n")));
        await slow.SendAsync(gzip.AsMemory(0, gzip.Length / 2));
        await Eventually.BeTrueAsync(
            () => gateway.Get<MemoryBudgets>().Receiving.Used > Megabyte, "what has come is decompressed");

        using var other = gateway.RestAs("Bearer other");
        Assert.Equal(200, (await other.PostAsync(Batch).WithDeadlineAsync("another is served")).Status);
    }

    // Without turns it takes a hundred times as long as alone.
    [Fact]
    public async Task GzipBodies_AsFastAsTheyCan_LeaveOthersTheirTime()
    {
        await using var api = await TestApi.StartAsync();
        using var data = new TemporaryDirectory();
        using var gateway = await GatewayProcess.StartAsync(api, data);
        using var hostile = new RestClient(gateway.Address, "Bearer hostile");
        using var quiet = new RestClient(gateway.Address, "Bearer quiet");
        var body = Compressed.GzipBytes(Encoding.ASCII.GetBytes($$"""[{"path": "x"}{{new string(' ', 30 * Megabyte)}}]"""));
        await MedianAsync(quiet);
        var alone = await MedianAsync(quiet);

        using var stop = new CancellationTokenSource();
        var noise = Task.WhenAll(Enumerable.Range(0, 32).Select(async _ =>
        {
            while (!stop.IsCancellationRequested)
            {
                using var content = new ByteArrayContent(body);
                content.Headers.ContentEncoding.Add("gzip");
                await hostile.SendAsync(HttpMethod.Post, RestClient.BatchPath, content);
            }
        }));
        await MedianAsync(quiet);
        var beside = await MedianAsync(quiet);
        await stop.CancelAsync();
        await noise;

        Assert.InRange(beside, 0, 10 * Math.Max(alone, 5));
    }

    private static async Task<double> MedianAsync(RestClient client)
    {
        var times = new List<double>();
        for (var i = 0; i < 21; i++)
        {
            var started = Stopwatch.GetTimestamp();
            await client.SubmitPathsAsync("x");
            times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }

        times.Sort();
        return times[times.Count / 2];
    }

    private static async Task<int> SendAsync(Gateway gateway, string kind)
    {
        switch (kind)
        {
            case "v0":
                return (await gateway.Rest.PostAsync(Batch)).Status;
            case "v0, no JSON":
                return (await gateway.Rest.PostAsync($"[{Padding}")).Status;
            case "v0, gzip":
                return (await gateway.Rest.SendAsync(HttpMethod.Post, RestClient.BatchPath, Gzip(Batch))).Status;
            case "v0, gzip, too large":
                return (await gateway.Rest.SendAsync(
                    HttpMethod.Post, RestClient.BatchPath, Gzip(new string(' ', 2 * Megabyte)))).Status;
            case "v1":
                return (await gateway.Rest.SendAsync(
                    HttpMethod.Post,
                    "/api/v1/batches",
                    new StringContent($$"""{"requests": [{"path": "x"}]{{Padding}}}""", null, "application/json"))).Status;
            case "v2":
                return (await gateway.Rest.PostAsync($$"""{"a": "/x"{{Padding}}}""", "/api/v2/batch")).Status;
            case "gRPC":
                await gateway.Grpc.CreateBatchAsync(new CreateBatchRequest { Requests = { Post } });
                return 200;
            case "gRPC, gzip":
                // Less than 64 KiB as it comes.
                await gateway.Grpc.CreateBatchAsync(
                    new CreateBatchRequest { Requests = { Enumerable.Range(0, 1_000).Select(_ => new Request { Path = LongPath }) } },
                    new Metadata { { "grpc-internal-encoding-request", "gzip" } });
                return 200;
            case "upload":
                using (var upload = gateway.Grpc.UploadBatch())
                {
                    await upload.RequestStream.WriteAsync(new UploadBatchRequest { Requests = { Post } });
                    await upload.RequestStream.CompleteAsync();
                    await upload;
                }

                return 200;
            default:
                using (var channel = GrpcChannel.ForAddress(gateway.Address))
                {
                    await new KeyedBatchService.KeyedBatchServiceClient(channel).RunBatchAsync(
                        new RunBatchRequest { Calls = { new KeyedRequest { Key = "a", Request = Post } } });
                }

                return 200;
        }
    }

    private static HttpContent Gzip(string text) => Compressed.Gzip(Encoding.ASCII.GetBytes(text));
}
