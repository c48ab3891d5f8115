using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Batching.Server.Tests.Infrastructure;
using Batching.V1;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;

namespace Batching.Server.Tests.Delivery;

/// <summary>Clients that ask for results and then don't read them.</summary>
public sealed class StalledReaderTests : IAsyncLifetime
{
    // More than what the sockets of both sides take in.
    private const int Results = 24;
    private const int BodyBytes = 1024 * 1024;

    private static readonly TimeSpan Stall = TimeSpan.FromSeconds(1);

    // Once more for the server's own clock, and time for a machine that is busy.
    private static readonly TimeSpan Late = TimeSpan.FromSeconds(8);

    private static readonly byte[] Body = Encoding.ASCII.GetBytes($"\"{new string('x', BodyBytes - 2)}\"");

    private readonly TaskCompletionSource _release = new();
    private TestApi _api = null!;
    private Gateway _gateway = null!;

    public async Task InitializeAsync()
    {
        _api = await TestApi.StartAsync(async context =>
        {
            if (context.Request.Path == "/hang")
            {
                await _release.Task;
            }

            await TestApi.BytesAsync(context, "application/json", Body);
        });
        _gateway = await Gateway.StartAsync(
            _api,
            "--Batch:Limits:ReaderStall=00:00:01",
            "--Batch:Limits:PageBytes=33554432",
            "--Batch:Limits:MessageBytes=67108864");
    }

    public async Task DisposeAsync()
    {
        _release.TrySetResult();
        await _gateway.DisposeAsync();
        await _api.DisposeAsync();
    }

    [Theory]
    [InlineData("", "application/json")]
    [InlineData("/results", "application/x-ndjson")]
    [InlineData("/results", "text/event-stream")]
    public async Task Http1_NothingIsRead_IsCutOffAndTheResultsAreHandedOutAgain(string path, string accept)
    {
        var batch = await SubmitAsync();
        using var reader = await OpenRawAsync($"{batch.Path}{path}", accept);

        await UntilCutOffAsync();

        Assert.Equal(Results, (await _gateway.Rest.GetAsync(batch.Path)).Success().Requests.Count);
    }

    [Fact]
    public async Task GrpcStream_NothingIsRead_IsCutOffAndItsConnectionServesOn()
    {
        var batch = await SubmitAsync();
        var connections = 0;
        using var channel = CreateChannel(() => connections++);
        var client = new BatchService.BatchServiceClient(channel);
        using var call = client.FetchResults(new FetchResultsRequest { BatchId = batch.Id });
        await call.ResponseHeadersAsync;

        var status = new GetBatchStatusRequest { BatchId = batch.Id };
        Assert.Equal(0, (await client.GetBatchStatusAsync(status)).Batch.RunningRequests);
        await UntilCutOffAsync();

        var error = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (await call.ResponseStream.MoveNext(CancellationToken.None))
            {
            }
        });
        Assert.Equal(StatusCode.ResourceExhausted, error.StatusCode);
        var again = await client.FetchBatchAsync(new FetchBatchRequest { BatchId = batch.Id });
        Assert.Equal(Results, again.Batch.Requests.Count);
        Assert.Equal(1, connections);
    }

    [Theory]
    [InlineData(Results)]
    [InlineData(1)]
    public async Task GrpcPage_NothingIsRead_DoesNotCountAsReceived(int results)
    {
        var batch = await SubmitAsync(results);
        using var http = new HttpClient(CreateHandler(() => { }));
        using var response = await OpenPageAsync(http, batch.Id);

        await UntilCutOffAsync();

        Assert.Equal(results, (await _gateway.Rest.GetAsync(batch.Path)).Success().Requests.Count);
    }

    [Fact]
    public async Task Http2_ConnectionThatIsNotReadAtAll_IsClosed()
    {
        var batch = await SubmitAsync();
        using var raw = await RawHttp2.ConnectAsync(_gateway.Address);
        await raw.OpenGrpcAsync(
            "/batch.v1.BatchService/FetchResults",
            new FetchResultsRequest { BatchId = batch.Id }.ToByteArray(),
            window: int.MaxValue);

        await UntilCutOffAsync();

        await Eventually.BeTrueAsync(() => raw.IsReset, "the connection is closed");
    }

    [Fact]
    public Task SlowReader_TakesSomethingAllTheTime_GetsEverything() =>
        ReadSlowlyAsync(() => SubmitAsync(6), bytes: 160 * 1024, until: (total, _) => total >= 6 * BodyBytes);

    // Slow enough that a third of what Linux takes in by itself lasts for much longer than a reader may stall.
    [Fact]
    public Task SlowReader_TakesLittleAllTheTime_IsNotCutOff() =>
        ReadSlowlyAsync(() => SubmitAsync(), bytes: 32 * 1024, until: (_, elapsed) => elapsed >= 6 * Stall);

    // On a busy machine the reader itself may pause for too long, which says nothing of the gateway: then it begins anew.
    private async Task ReadSlowlyAsync(Func<Task<SubmittedBatch>> submit, int bytes, Func<long, TimeSpan, bool> until)
    {
        for (var attempt = 1; !await TryReadSlowlyAsync(await submit(), bytes, until, mayPause: attempt < 5); attempt++)
        {
        }
    }

    // False if it paused.
    private async Task<bool> TryReadSlowlyAsync(
        SubmittedBatch batch, int bytes, Func<long, TimeSpan, bool> until, bool mayPause)
    {
        var known = _gateway.Logs.All.Count(IsCutOff);
        using var reader = await OpenRawAsync(batch.Path, "application/json");
        var buffer = new byte[bytes];
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        var started = Stopwatch.StartNew();
        var sinceLast = Stopwatch.StartNew();
        long total = 0;
        try
        {
            while (!until(total, started.Elapsed))
            {
                await pace.WaitForNextTickAsync();
                for (var taken = 0; taken < bytes && !until(total, TimeSpan.Zero);)
                {
                    var read = await reader.ReceiveAsync(buffer.AsMemory(taken)).AsTask().WithDeadlineAsync("more comes");
                    Assert.NotEqual(0, read);
                    taken += read;
                    total += read;
                }

                if (mayPause && sinceLast.Elapsed > Stall / 2)
                {
                    return false;
                }

                sinceLast.Restart();
            }
        }
        catch (SocketException) when (mayPause && sinceLast.Elapsed > Stall / 2)
        {
            return false;
        }

        Assert.True(started.Elapsed > 3 * Stall, "The reader was too fast to show anything.");
        Assert.Equal(known, _gateway.Logs.All.Count(IsCutOff));
        return true;
    }

    [Fact]
    public async Task SlowReader_TakesLessThanTheLeastRate_IsCutOffAndTheResultsAreHandedOutAgain()
    {
        await using var gateway = await Gateway.StartAsync(
            _api,
            "--Batch:Limits:ReaderStall=00:00:03",
            "--Batch:Limits:ReaderMinRate=1048576",
            "--Batch:Limits:PageBytes=33554432");
        var batch = await SubmitAsync(gateway);
        using var reader = await OpenRawAsync(gateway, batch.Path, "application/json");
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        var buffer = new byte[32 * 1024];
        var error = await Assert.ThrowsAsync<SocketException>(async () =>
        {
            while (await reader.ReceiveAsync(buffer.AsMemory()).AsTask().WithDeadlineAsync("the reader is cut off") > 0)
            {
                await pace.WaitForNextTickAsync();
            }
        });

        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
        Assert.Contains(gateway.Logs.All, entry => entry.Contains("ReaderTooSlow", StringComparison.Ordinal));
        Assert.DoesNotContain(gateway.Logs.All, IsCutOff);
        Assert.Equal(Results, (await gateway.Rest.GetAsync(batch.Path)).Success().Requests.Count);
    }

    [Fact]
    public async Task Stream_HasNothingToSend_IsNotStalled()
    {
        var batch = await _gateway.Rest.SubmitPathsAsync("hang");
        using var lines = await _gateway.Rest.OpenAsync($"{batch.Path}/results");
        using var call = _gateway.Grpc.FetchResults(new FetchResultsRequest { BatchId = batch.Id });
        using var silence = new PeriodicTimer(4 * Stall);
        await silence.WaitForNextTickAsync();

        _release.SetResult();

        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal(1, call.ResponseStream.Current.Position);
        Assert.Contains("\"end\":true", await lines.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain(_gateway.Logs.All, IsCutOff);
    }

    private static bool IsCutOff(string entry) => entry.Contains("ReaderStalled", StringComparison.Ordinal);

    private Task<SubmittedBatch> SubmitAsync(int results = Results) => SubmitAsync(_gateway, results);

    private static async Task<SubmittedBatch> SubmitAsync(Gateway gateway, int results = Results)
    {
        var batch = await gateway.Rest.SubmitPathsAsync(Enumerable.Range(0, results).Select(i => $"{i}"));
        await gateway.Rest.WaitUntilDoneAsync(batch.Id);
        return batch;
    }

    private async Task UntilCutOffAsync()
    {
        var started = Stopwatch.StartNew();
        await Eventually.BeTrueAsync(() => _gateway.Logs.All.Any(IsCutOff), "the reader is cut off");
        Assert.InRange(started.Elapsed, Stall / 2, Stall + Late);
    }

    private Task<Socket> OpenRawAsync(string path, string accept) => OpenRawAsync(_gateway, path, accept);

    private static async Task<Socket> OpenRawAsync(Gateway gateway, string path, string accept)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        var address = new Uri(gateway.Address);
        await socket.ConnectAsync(IPAddress.Loopback, address.Port);
        await socket.SendAsync(
            Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: {address.Authority}\r\nAccept: {accept}\r\n\r\n"));
        return socket;
    }

    private async Task<HttpResponseMessage> OpenPageAsync(HttpClient http, string batchId)
    {
        var message = new FetchBatchRequest { BatchId = batchId }.ToByteArray();
        using var request = new HttpRequestMessage(
            HttpMethod.Post, $"{_gateway.Address}/batch.v1.BatchService/FetchBatch")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent([0, 0, 0, 0, (byte)message.Length, .. message]),
        };
        request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    private static SocketsHttpHandler CreateHandler(Action onConnect) => new()
    {
        InitialHttp2StreamWindowSize = 65_535,
        ConnectCallback = async (context, cancellationToken) =>
        {
            onConnect();
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        },
    };

    private GrpcChannel CreateChannel(Action onConnect) => GrpcChannel.ForAddress(
        _gateway.Address,
        new GrpcChannelOptions { HttpHandler = CreateHandler(onConnect), MaxReceiveMessageSize = null });
}
