using System.Net.Http.Json;
using Batching.Server.Tests.Infrastructure;
using Batching.V1;
using Google.Rpc;
using Grpc.Core;

namespace Batching.Server.Tests.Submission;

/// <summary>Batches to which requests are appended, over every path that there is.</summary>
public sealed class OpenBatchTests
{
    [Fact]
    public async Task Append_OverEveryPath_RunsAll()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);
        var submitted = (await gateway.Rest.PostAsync("""[{"path": "a"}]""", "/api/v0/batch?open=true")).Success();
        var id = submitted.Batch.GetProperty("id").GetString()!;

        var v0 = (await gateway.Rest.PostAsync("""[{"path": "b", "method": "put", "body": 1}, {"path": "c"}]""", $"/api/v0/batch/{id}/requests?offset=1")).Success();
        var again = (await gateway.Rest.PostAsync("""[{"path": "b", "method": "PUT", "body": 1},{"path": "c"}]""", $"/api/v0/batch/{id}/requests?offset=1")).Success();
        var grpc = (await gateway.Grpc.AppendRequestsAsync(
            new AppendRequestsRequest { BatchId = id, Offset = 3, Requests = { new V1.Request { Path = "d" } } })).Batch;
        var v1 = await gateway.Rest.SendAsync(
            HttpMethod.Post, $"/api/v1/batches/{id}:append", JsonContent.Create(new { requests = new[] { new { path = "e" } }, offset = "4" }));
        var open = (await gateway.Rest.GetAsync($"/api/v0/batch/{id}/status")).Success();
        var seal = (await gateway.Rest.PostAsync("", $"/api/v0/batch/{id}/seal")).Success();
        await gateway.Rest.WaitUntilDoneAsync(id);
        var sealedAgain = (await gateway.Grpc.SealBatchAsync(new SealBatchRequest { BatchId = id })).Batch;

        Assert.Equal((true, 3), (v0.Batch.GetProperty("open").GetBoolean(), v0.Batch.GetProperty("submittedRequests").GetInt32()));
        Assert.Equal(["b", "c"], v0.Requests.Select(request => request.GetProperty("path").GetString()));
        Assert.Equal(
            v0.Requests.Select(request => request.GetProperty("id").GetString()), again.Requests.Select(request => request.GetProperty("id").GetString()));
        Assert.Equal((3, 4L, true), (grpc.Requests[0].Index, grpc.SubmittedRequests, grpc.Open));
        Assert.True(v1.Status == 200, v1.Text);
        Assert.Equal((true, 5, 5), (open.Batch.GetProperty("open").GetBoolean(), open.Batch.GetProperty("submittedRequests").GetInt32(), open.Batch.GetProperty("totalRequests").GetInt32()));
        Assert.False(seal.Batch.GetProperty("open").GetBoolean());
        Assert.Equal((BatchState.Done, false), (sealedAgain.State, sealedAgain.Open));
        var results = (await gateway.Rest.GetAsync($"/api/v0/batch/{id}?after=0&request_fields=index,path")).Success();
        Assert.Equal(
            ["a", "b", "c", "d", "e"],
            results.Requests.OrderBy(request => request.GetProperty("index").GetInt32()).Select(request => request.GetProperty("path").GetString()));
    }

    [Fact]
    public async Task Append_WhereItMayNot_SaysWhy()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);
        var closed = await gateway.Rest.SubmitPathsAsync("a");
        var open = (await gateway.Rest.PostAsync("""[{"path": "a"}]""", "/api/v0/batch?open=1")).Success().Batch.GetProperty("id").GetString()!;

        var refused = await gateway.Rest.PostAsync("""[{"path": "b"}]""", $"{closed.Path}/requests");
        var wrong = await gateway.Rest.PostAsync("""[{"path": "b"}]""", $"/api/v0/batch/{open}/requests?offset=7");
        var bad = await gateway.Rest.PostAsync("""[{"path": "b", "spawner": true}, {"path": ".."}]""", $"/api/v0/batch/{open}/requests");
        var unknown = await gateway.Rest.PostAsync("""[{"path": "b"}]""", "/api/v0/batch/1234567890123456/requests");
        using var bob = gateway.RestAs("Bearer bob");
        var foreign = await bob.PostAsync("""[{"path": "b"}]""", $"/api/v0/batch/{open}/requests");
        var foreignSeal = await bob.PostAsync("", $"/api/v0/batch/{open}/seal");
        var grpc = await Assert.ThrowsAsync<RpcException>(async () => await gateway.Grpc.AppendRequestsAsync(
            new AppendRequestsRequest { BatchId = open, Offset = 7, Requests = { new V1.Request { Path = "b" } } }));
        var grpcClosed = await Assert.ThrowsAsync<RpcException>(async () => await gateway.Grpc.AppendRequestsAsync(
            new AppendRequestsRequest { BatchId = closed.Id, Requests = { new V1.Request { Path = "b" } } }));

        Assert.Equal((400, 409, 400, 404, 404, 404), (refused.Status, wrong.Status, bad.Status, unknown.Status, foreign.Status, foreignSeal.Status));
        Assert.Contains("FAILED_PRECONDITION", refused.Text, StringComparison.Ordinal);
        Assert.Equal(["[0].spawner", "[1].path"], bad.ErrorFields.Order(StringComparer.Ordinal));
        var info = grpc.GetRpcStatus()!.GetDetail<ErrorInfo>();
        Assert.Equal((StatusCode.Aborted, "APPEND_OFFSET", "1"), (grpc.StatusCode, info.Reason, info.Metadata["expected_offset"]));
        Assert.Equal(
            (StatusCode.FailedPrecondition, "BATCH_SEALED"), (grpcClosed.StatusCode, grpcClosed.GetRpcStatus()!.GetDetail<ErrorInfo>().Reason));
    }

    [Fact]
    public async Task Append_GatewayKilledAgainAndAgain_LosesAndDoublesNothing()
    {
        await using var api = await TestApi.StartAsync();
        using var data = new TemporaryDirectory();
        using var gateway = await GatewayProcess.StartAsync(
            ("Batch:Upstream", api.Address), ("Batch:DataDirectory", data.FullName), ("Batch:Limits:OpenBatchIdle", "00:05:00"));
        var id = (await gateway.Rest.PostAsync("""[{"path": "item/0"}]""", "/api/v0/batch?open=true")).Success().Batch.GetProperty("id").GetString()!;
        var random = new Random(1);
        var given = 1;
        while (given < 30)
        {
            // Lost or not: it is made again until there is an answer.
            var body = $$"""[{"path": "item/{{given}}"}, {"path": "item/{{given + 1}}"}]""";
            var path = $"/api/v0/batch/{id}/requests?offset={given}";
            if (given % 10 == 1)
            {
                var lost = gateway.Rest.PostAsync(body, path);
                await Task.Delay(TimeSpan.FromMilliseconds(random.Next(20)), TimeProvider.System);
                await gateway.KillAsync();
                await ((Task)lost).ConfigureAwait(
                    ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
                await gateway.RestartAsync();
            }

            await Eventually.BeTrueAsync(
                async () =>
                {
                    var reply = await gateway.Rest.PostAsync(body, path);
                    Assert.True(reply.Status is 200 or 503, reply.Text);
                    return reply.Status == 200;
                },
                "an append");
            given += 2;
        }

        (await gateway.Rest.PostAsync("", $"/api/v0/batch/{id}/seal")).Success();
        await gateway.Rest.WaitUntilDoneAsync(id);
        var results = (await gateway.Rest.GetAsync($"/api/v0/batch/{id}?after=0&request_fields=index,path,responseStatusCode")).Success().Requests;
        Assert.Equal(given, results.Count);
        Assert.All(results, request => Assert.Equal(
            ($"item/{request.GetProperty("index").GetInt32()}", 200),
            (request.GetProperty("path").GetString(), request.GetProperty("responseStatusCode").GetInt32())));
        Assert.Equal(given, results.Select(request => request.GetProperty("index").GetInt32()).Distinct().Count());
    }

    [Fact]
    public async Task Open_NobodyAppendsAndTheGatewayIsKilled_IsSealedByItself()
    {
        await using var api = await TestApi.StartAsync();
        using var data = new TemporaryDirectory();
        using var gateway = await GatewayProcess.StartAsync(
            ("Batch:Upstream", api.Address), ("Batch:DataDirectory", data.FullName), ("Batch:Limits:OpenBatchIdle", "00:00:02"));
        var id = (await gateway.Rest.PostAsync("""[{"path": "a"}]""", "/api/v0/batch?open=true")).Success().Batch.GetProperty("id").GetString()!;
        await gateway.KillAsync();
        await gateway.RestartAsync();

        await Eventually.BeTrueAsync(
            async () => (await gateway.Rest.GetAsync($"/api/v0/batch/{id}/status")).Success().Batch.GetProperty("state").GetString() == "DONE",
            "the batch is sealed and done");
    }
}
