using System.Globalization;
using System.Text;
using Batching.Server.Tests.Infrastructure;
using Batching.V1;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;

namespace Batching.Server.Tests.Submission;

/// <summary>Batches with a start, a priority or a deadline, over every path that there is.</summary>
public sealed class ScheduleTests
{
    private const string Body = """[{"path": "a"}, {"path": "b"}]""";

    [Fact]
    public async Task Submit_WithAll_ShowsThemAndWaits()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);
        var start = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() + 3_000;

        var v0 = (await gateway.Rest.PostAsync(Body, $"/api/v0/batch?start_time={start}&priority=9&deadline={start + 60}")).Success();
        var status = (await gateway.Rest.GetAsync($"/api/v0/batch/{v0.Batch.GetProperty("id").GetString()}/status")).Success();
        var grpc = (await gateway.Grpc.CreateBatchAsync(new CreateBatchRequest
        {
            Requests = { Requests() },
            StartTime = new Timestamp { Seconds = start },
            Priority = 0,
            Deadline = new Timestamp { Seconds = start + 60 },
        })).Batch;
        using var upload = gateway.Grpc.UploadBatch();
        await upload.RequestStream.WriteAsync(new UploadBatchRequest { StartTime = new Timestamp { Seconds = start } });
        await upload.RequestStream.WriteAsync(new UploadBatchRequest { Requests = { Requests() }, Priority = 9 });
        await upload.RequestStream.CompleteAsync();
        var uploaded = (await upload).Batch;
        var startText = DateTimeOffset.FromUnixTimeSeconds(start).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        var v1 = await gateway.Rest.SendAsync(
            HttpMethod.Post,
            "/api/v1/batches",
            new StringContent(
                $$"""{"requests": [{"path": "a"}], "startTime": "{{startText}}", "priority": 3}""", Encoding.UTF8, "application/json"));

        Assert.All([v0.Batch, status.Batch], batch => Assert.Equal(
            (start, 9, start + 60, "RUNNING", 2),
            (batch.GetProperty("startTime").GetInt64(), batch.GetProperty("priority").GetInt32(), batch.GetProperty("deadline").GetInt64(),
                batch.GetProperty("state").GetString(), batch.GetProperty("runningRequests").GetInt32())));
        Assert.Equal((start, 0, start + 60), (grpc.StartTime.Seconds, grpc.Priority, grpc.Deadline.Seconds));
        Assert.Equal(start + 3_600, grpc.ExpireTime.Seconds);
        Assert.Equal((start, 5, null), (uploaded.StartTime.Seconds, uploaded.Priority, uploaded.Deadline));
        Assert.True(v1.Status == 200 && v1.Text.Contains(startText, StringComparison.Ordinal), v1.Text);
        Assert.Empty(api.Requests);
    }

    [Fact]
    public async Task Submit_BadTerms_NamesThemAllAndStoresNothing()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);
        var far = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() + 100_000;

        var v0 = await gateway.Rest.PostAsync("""[{"path": "//a"}]""", $"/api/v0/batch?start_time={far}&priority=10&deadline=1");
        var grpc = await Assert.ThrowsAsync<RpcException>(async () => await gateway.Grpc.CreateBatchAsync(
            new CreateBatchRequest { Requests = { Requests() }, Priority = -1, Deadline = new Timestamp { Seconds = long.MaxValue } }));
        using var upload = gateway.Grpc.UploadBatch();
        await upload.RequestStream.WriteAsync(new UploadBatchRequest { Priority = 10, Requests = { Requests() } });
        await upload.RequestStream.CompleteAsync();
        var uploaded = await Assert.ThrowsAsync<RpcException>(async () => await upload);

        Assert.Equal(400, v0.Status);
        Assert.Equal(["[0].path", "deadline", "priority", "start_time"], v0.ErrorFields.Order(StringComparer.Ordinal));
        Assert.Equal(["deadline", "priority"], FieldsOf(grpc));
        Assert.Equal(["priority"], FieldsOf(uploaded));
        await gateway.AssertNothingStoredAsync();
    }

    [Fact]
    public async Task Submit_KilledBeforeItsStart_RunsAfterwardsInItsTime()
    {
        await using var api = await TestApi.StartAsync();
        using var data = new TemporaryDirectory();
        using var gateway = await GatewayProcess.StartAsync(api, data);
        var start = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() + 20;
        var id = (await gateway.Rest.PostAsync(Body, $"/api/v0/batch?start_time={start}")).Success().Batch.GetProperty("id").GetString();

        await gateway.KillAsync();
        await gateway.RestartAsync();
        await gateway.Rest.WaitUntilDoneAsync(id!);

        var results = (await gateway.Rest.GetAsync($"/api/v0/batch/{id}?after=0")).Success();
        Assert.Equal(2, results.Requests.Count);
        Assert.All(results.Requests, request =>
        {
            Assert.Equal(200, request.GetProperty("responseStatusCode").GetInt32());
            Assert.True(request.GetProperty("done").GetInt64() >= start);
        });
        gateway.AssertNoErrors();
    }

    [Fact]
    public async Task Submit_DeadlinePasses_EndsWith504()
    {
        var release = new TaskCompletionSource();
        await using var api = await TestApi.StartAsync(_ => release.Task);
        await using var gateway = await Gateway.StartAsync(api);
        var deadline = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() + 2;

        var id = (await gateway.Rest.PostAsync(Body, $"/api/v0/batch?deadline={deadline}")).Success().Batch.GetProperty("id").GetString();
        await gateway.Rest.WaitUntilDoneAsync(id!);
        release.SetResult();

        var results = (await gateway.Rest.GetAsync($"/api/v0/batch/{id}?after=0")).Success();
        Assert.All(results.Requests, request =>
        {
            Assert.Equal(504, request.GetProperty("responseStatusCode").GetInt32());
            Assert.Equal("BATCH_DEADLINE", request.GetProperty("response").GetProperty("error").GetString());
        });
        Assert.Equal("DONE", results.Batch.GetProperty("state").GetString());
    }

    private static Request[] Requests() => [new() { Path = "a" }, new() { Path = "b" }];

    private static IEnumerable<string> FieldsOf(RpcException error)
    {
        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        return error.GetRpcStatus()!.GetDetail<BadRequest>().FieldViolations.Select(violation => violation.Field)
            .Order(StringComparer.Ordinal);
    }
}
