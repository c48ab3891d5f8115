using System.Diagnostics;
using System.Text.Json;
using Batching.Server.Tests.Infrastructure;
using Batching.V1;
using Grpc.Health.V1;
using Grpc.Net.Client;

namespace Batching.Server.Tests.Lifecycle;

/// <summary>The gateway is told to stop.</summary>
public sealed class ShutdownTests
{
    private static readonly TimeSpan Promised = TimeSpan.FromSeconds(10);

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
    }
}
