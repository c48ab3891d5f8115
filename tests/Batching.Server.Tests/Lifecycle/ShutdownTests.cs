using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Batching.Server.Tests.Infrastructure;
using Batching.V1;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;

namespace Batching.Server.Tests.Lifecycle;

/// <summary>The gateway is told to stop.</summary>
public sealed class ShutdownTests
{
    private static readonly TimeSpan Promised = TimeSpan.FromSeconds(10);

    // Without requests in flight, on a machine that has other things to do.
    private static readonly TimeSpan Prompt = TimeSpan.FromSeconds(7);

    [Fact]
    public async Task Terminate_StreamsOpenAndRequestsInFlight_EndsWithinTenSecondsWithAPositionToGoOnFrom()
    {
        var release = new TaskCompletionSource();
        await using var api = await TestApi.StartAsync(async context =>
        {
            if (context.Request.Path.StartsWithSegments("/hang", StringComparison.Ordinal))
            {
                await release.Task;
            }

            await TestApi.JsonAsync(context, "1");
        });
        using var data = new TemporaryDirectory();
        SubmittedBatch batch;
        using (var gateway = await GatewayProcess.StartAsync(api, data))
        {
            batch = await gateway.Rest.SubmitPathsAsync(
                ["first", "second", .. Enumerable.Range(0, 200).Select(i => $"hang/{i}")]);
            await gateway.Rest.WaitForRunningAsync(batch.Id, 200);
            using var lines = await gateway.Rest.OpenAsync($"{batch.Path}/results");
            using var events = await gateway.Rest.OpenAsync($"{batch.Path}/results", "text/event-stream");
            using var call = gateway.Grpc.FetchResults(new FetchResultsRequest { BatchId = batch.Id });
            Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));

            var started = Stopwatch.StartNew();
            await gateway.TerminateAsync();
            var text = await lines.Content.ReadAsStringAsync().WithDeadlineAsync("the stream ends");
            var eventText = await events.Content.ReadAsStringAsync().WithDeadlineAsync("the stream of events ends");
            var last = call.ResponseStream.Current;
            while (await call.ResponseStream.MoveNext(CancellationToken.None).WithDeadlineAsync("the gRPC stream ends"))
            {
                last = call.ResponseStream.Current;
            }

            Assert.Equal(0, await gateway.WaitForExitAsync());
            Assert.InRange(started.Elapsed, TimeSpan.Zero, Promised);
            const string End = """{"end":true,"position":2,"runningRequests":200}""";
            Assert.EndsWith($"{End}\n", text, StringComparison.Ordinal);
            Assert.EndsWith($"data: {End}\n\n", eventText, StringComparison.Ordinal);
            Assert.Equal((2L, 200L), (last.Position, last.End.RunningRequests));
            gateway.AssertNoErrors();
        }

        release.SetResult();
        using var again = await GatewayProcess.StartAsync(api, data);
        using var resumed = await again.Rest.OpenAsync($"{batch.Path}/results?after=2");
        var remaining = await resumed.Content.ReadAsStringAsync().WithDeadlineAsync("the stream ends");
        var rest = remaining.TrimEnd().Split('\n');
        Assert.Equal(201, rest.Length);
        Assert.Equal(
            Enumerable.Range(3, 200),
            rest[..^1].Select(line => JsonDocument.Parse(line).RootElement.GetProperty("position").GetInt32()));
        Assert.Equal("""{"end":true,"position":202,"runningRequests":0}""", rest[^1]);
        again.AssertNoErrors();
    }

    [Fact]
    public async Task Terminate_RequestsThatEndInTime_AreCommitted()
    {
        var release = new TaskCompletionSource();
        await using var api = await TestApi.StartAsync(async context =>
        {
            await release.Task;
            await TestApi.JsonAsync(context, "1");
        });
        using var data = new TemporaryDirectory();
        SubmittedBatch batch;
        using (var gateway = await GatewayProcess.StartAsync(api, data))
        {
            batch = await gateway.Rest.SubmitAsync("""[{"path": "x", "method": "POST"}, {"path": "y"}]""");
            await Eventually.BeTrueAsync(() => api.Requests.Count == 2, "both requests are in flight");
            await gateway.TerminateAsync();
            await Eventually.BeTrueAsync(
                () => gateway.Output.Contains("shutting down", StringComparison.Ordinal), "the gateway stops");
            release.SetResult();
            Assert.Equal(0, await gateway.WaitForExitAsync());
            gateway.AssertNoErrors();
        }

        using var again = await GatewayProcess.StartAsync(api, data);
        var results = (await again.Rest.GetAsync(batch.Path)).Success().Requests;
        Assert.Equal([200, 200], results.Select(request => request.GetProperty("responseStatusCode").GetInt32()));
        Assert.Equal(2, api.Requests.Count);
    }

    [Fact]
    public async Task Terminate_EverythingDone_LeavesNothingToRepair()
    {
        await using var api = await TestApi.StartAsync();
        using var data = new TemporaryDirectory();
        using (var gateway = await GatewayProcess.StartAsync(api, data))
        {
            var batch = await gateway.Rest.SubmitAsync("""[{"path": "x", "method": "POST", "body": {}}, {"path": "y"}]""");
            await gateway.Rest.WaitUntilDoneAsync(batch.Id);
            await gateway.TerminateAsync();
            Assert.Equal(0, await gateway.WaitForExitAsync());
            gateway.AssertNoErrors();
        }

        Assert.False(File.Exists(Path.Combine(data.FullName, "batch.db-wal")), "The log was not taken over.");
        using var again = await GatewayProcess.StartAsync(api, data);
        await Eventually.BeTrueAsync(
            () => again.Output.Contains("Took up 0 unfinished batches.", StringComparison.Ordinal), "the start is over");
        Assert.Equal(2, api.Requests.Count);
    }

    [Fact]
    public async Task Terminate_HalfASubmission_IsToldAndDoesNotHoldUpTheStop()
    {
        await using var api = await TestApi.StartAsync();
        using var data = new TemporaryDirectory();
        using var gateway = await GatewayProcess.StartAsync(api, data);
        var uri = new Uri(gateway.Address);
        using var client = new TcpClient();
        await client.ConnectAsync(uri.Host, uri.Port);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
            $"POST {RestClient.BatchPath} HTTP/1.1\r\nHost: {uri.Authority}\r\nContent-Length: 1000\r\n\r\n[{{"));
        await gateway.Rest.SubmitPathsAsync("x");

        var started = Stopwatch.StartNew();
        await gateway.TerminateAsync();
        var buffer = new byte[4096];
        var read = await client.GetStream().ReadAsync(buffer).AsTask().WithDeadlineAsync("the gateway answers");
        var reply = Encoding.ASCII.GetString(buffer, 0, read);
        Assert.Equal(0, await gateway.WaitForExitAsync());

        Assert.InRange(started.Elapsed, TimeSpan.Zero, Prompt);
        Assert.StartsWith("HTTP/1.1 503", reply, StringComparison.Ordinal);
        Assert.Contains("Retry-After: 5", reply, StringComparison.Ordinal);
        gateway.AssertNoErrors();
    }

    [Fact]
    public async Task Terminate_HalfAGrpcMessage_IsToldAndDoesNotHoldUpTheStop()
    {
        await using var api = await TestApi.StartAsync();
        using var data = new TemporaryDirectory();
        using var gateway = await GatewayProcess.StartAsync(api, data);
        using var http = new HttpClient();
        using var call = new HttpRequestMessage(HttpMethod.Post, $"{gateway.Address}/batch.v1.BatchService/CreateBatch")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new StreamContent(new HalfAMessage()),
        };
        call.Content.Headers.ContentType = new("application/grpc");
        var sending = http.SendAsync(call);
        await gateway.Rest.SubmitPathsAsync("x");

        var started = Stopwatch.StartNew();
        await gateway.TerminateAsync();
        using var reply = await sending.WithDeadlineAsync("the gateway answers");
        Assert.Equal(0, await gateway.WaitForExitAsync());

        Assert.InRange(started.Elapsed, TimeSpan.Zero, Prompt);
        gateway.AssertNoErrors();
    }

    [Theory]
    [InlineData("/results?after=0")]
    [InlineData("?after=0")]
    public async Task Terminate_ReaderThatTakesNothing_DoesNotHoldUpTheStop(string path)
    {
        await using var api = await TestApi.StartAsync(context =>
            TestApi.BytesAsync(context, "text/plain", new byte[9 << 20]));
        using var data = new TemporaryDirectory();
        using var gateway = await GatewayProcess.StartAsync(api, data);
        var batch = await gateway.Rest.SubmitPathsAsync("x");
        await gateway.Rest.WaitUntilDoneAsync(batch.Id);
        var uri = new Uri(gateway.Address);
        using var client = new TcpClient { ReceiveBufferSize = 4096 };
        await client.ConnectAsync(uri.Host, uri.Port);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
            $"GET {batch.Path}{path} HTTP/1.1\r\nHost: {uri.Authority}\r\n\r\n"));
        await client.GetStream().ReadExactlyAsync(new byte[100]).AsTask().WithDeadlineAsync("the reply begins");

        var started = Stopwatch.StartNew();
        await gateway.TerminateAsync();
        Assert.Equal(0, await gateway.WaitForExitAsync());

        Assert.InRange(started.Elapsed, TimeSpan.Zero, Prompt);
        gateway.AssertNoErrors();
    }

    [Fact]
    public async Task Terminate_LongGrace_IsCutAsDocumented()
    {
        await using var api = await TestApi.StartAsync(
            context => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted));
        using var data = new TemporaryDirectory();
        using var gateway = await GatewayProcess.StartAsync(new Dictionary<string, string>
        {
            ["Batch__Upstream"] = api.Address,
            ["Batch__DataDirectory"] = data.FullName,
            ["Batch__ShutdownGrace"] = "00:00:30",
        });
        await gateway.Rest.SubmitPathsAsync("hang");
        await Eventually.BeTrueAsync(() => api.Requests.Count == 1, "the request is in flight");

        var started = Stopwatch.StartNew();
        await gateway.TerminateAsync();
        Assert.Equal(0, await gateway.WaitForExitAsync());

        Assert.InRange(started.Elapsed, TimeSpan.FromSeconds(7), Promised + TimeSpan.FromSeconds(2));
        gateway.AssertNoErrors();
    }

    [Fact]
    public async Task Terminate_HealthIsPolled_LogsNoWarning()
    {
        await using var api = await TestApi.StartAsync();
        using var data = new TemporaryDirectory();
        using var gateway = await GatewayProcess.StartAsync(api, data);
        var batch = await gateway.Rest.SubmitPathsAsync("x");
        await gateway.Rest.WaitUntilDoneAsync(batch.Id);
        using var channel = GrpcChannel.ForAddress(gateway.Address);
        var health = new Health.HealthClient(channel);
        using var watch = health.Watch(new HealthCheckRequest());
        Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None));
        using var stopped = new CancellationTokenSource();
        var polling = Task.Run(async () =>
        {
            while (!stopped.IsCancellationRequested)
            {
                try
                {
                    await gateway.Rest.GetAsync("/healthz");
                    await health.CheckAsync(new HealthCheckRequest());
                }
                catch (Exception exception) when (exception is HttpRequestException or RpcException)
                {
                }
            }
        });

        await gateway.TerminateAsync();
        Assert.Equal(0, await gateway.WaitForExitAsync());
        await stopped.CancelAsync();
        await polling;

        gateway.AssertNoErrors();
        Assert.DoesNotContain("warn:", gateway.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stop_Announced_HealthTurnsToNotServing()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);
        using var channel = GrpcChannel.ForAddress(gateway.Address);
        var health = new Health.HealthClient(channel);
        using var watch = health.Watch(new HealthCheckRequest());
        Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, watch.ResponseStream.Current.Status);

        gateway.AnnounceStop();

        Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None).WithDeadlineAsync("the watcher is told"));
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.NotServing, watch.ResponseStream.Current.Status);
        Assert.Equal(
            HealthCheckResponse.Types.ServingStatus.NotServing,
            (await health.CheckAsync(new HealthCheckRequest { Service = "batch.v1.BatchService" })).Status);
        Assert.Equal(503, (await gateway.Rest.GetAsync("/healthz")).Status);
        Assert.Equal(503, (await gateway.Rest.GetAsync("/healthz/ready")).Status);
        Assert.Equal(200, (await gateway.Rest.GetAsync("/healthz/live")).Status);
    }
}
