using Batching.Contracts.Rest;
using Batching.Server.Tests.Infrastructure;
using Batching.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;

namespace Batching.Server.Tests;

/// <summary>The story of a batch over gRPC alone.</summary>
public sealed class GrpcTests
{
    [Theory]
    [InlineData("")]
    [InlineData("batch.v1.BatchService")]
    [InlineData("batch.v1.KeyedBatchService")]
    [InlineData("batch.v1.GatewayService")]
    public async Task Health_OfAServerThatListens_IsServing(string service)
    {
        await using var api = await TestApi.StartAsync(context => TestApi.JsonAsync(context, "{}"));
        await using var gateway = await Gateway.StartAsync(api);
        using var channel = GrpcChannel.ForAddress(gateway.Address);

        var reply = await new Health.HealthClient(channel).CheckAsync(new HealthCheckRequest { Service = service });

        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, reply.Status);
    }

    // What is for REST calls alone has nothing to give to others, and says where that is.
    [Fact]
    public async Task RestServices_OverGrpc_AreUnimplemented()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);
        using var channel = GrpcChannel.ForAddress(gateway.Address);

        var list = await Assert.ThrowsAsync<RpcException>(
            async () => await new V0BatchService.V0BatchServiceClient(channel).ListAsync(new ListRequest()));
        var run = await Assert.ThrowsAsync<RpcException>(
            async () => await new V2BatchService.V2BatchServiceClient(channel).RunAsync(new RunRequest()));

        Assert.Equal((StatusCode.Unimplemented, StatusCode.Unimplemented), (list.StatusCode, run.StatusCode));
        Assert.EndsWith("Call batch.v1.BatchService.", list.Status.Detail, StringComparison.Ordinal);
        Assert.EndsWith("Call batch.v1.KeyedBatchService.", run.Status.Detail, StringComparison.Ordinal);
        Assert.Empty(gateway.Logs.Errors);
    }

    [Fact]
    public async Task BatchService_WholeStory_DoesWhatTheContractSays()
    {
        var gate = new TaskCompletionSource();
        await using var api = await TestApi.StartAsync(async context =>
        {
            if (context.Request.Path == "/slow")
            {
                await gate.Task;
            }

            context.Response.Headers["X-Api"] = "yes";
            await TestApi.JsonAsync(context, """{"n": 12345678901234567890, "d": 1.10}""");
        });
        await using var gateway = await Gateway.StartAsync(api);
        var grpc = gateway.Grpc;
        var create = new CreateBatchRequest
        {
            Requests =
            {
                new Request
                {
                    Path = "quick",
                    Method = "post",
                    Params = Struct.Parser.ParseJson("""{"a": [1, true]}"""),
                    Headers = { ["Content-Type"] = "text/plain" },
                    Body = ByteString.CopyFromUtf8("body"),
                    // What is the server's is not read.
                    Id = "7",
                    State = RequestState.Done,
                },
                new Request { Path = "slow" },
            },
        };

        var created = (await grpc.CreateBatchAsync(create)).Batch;
        Assert.Equal((BatchState.Running, 2L, 2L), (created.State, created.TotalRequests, created.RunningRequests));
        Assert.Equal(Duration.FromTimeSpan(TimeSpan.FromHours(1)), created.ExpireTime - created.CreateTime);
        Assert.Equal(["POST", "GET"], created.Requests.Select(request => request.Method));
        Assert.All(created.Requests, request =>
        {
            Assert.Matches("^[0-9]{16}$", request.Id);
            Assert.Equal((created.Id, RequestState.Running), (request.SpawnedBy, request.State));
            Assert.True(request.Body.IsEmpty);
            Assert.Null(request.Response);
        });

        await gateway.Rest.WaitForRunningAsync(created.Id, 1);
        var status = (await grpc.GetBatchStatusAsync(
            new GetBatchStatusRequest { BatchId = created.Id, Detailed = true })).Batch;
        Assert.Equal((BatchState.Running, 1L, 38L), (status.State, status.RunningRequests, status.ResponseSize));
        Assert.Equal([RequestState.Done, RequestState.Running], status.Requests.Select(request => request.State));

        var page = await grpc.FetchBatchAsync(new FetchBatchRequest { BatchId = created.Id });
        var quick = Assert.Single(page.Batch.Requests);
        Assert.Equal((1L, 1L, created.Requests[0].Id), (page.Position, quick.Position, quick.Id));
        Assert.Equal("""{"n": 12345678901234567890, "d": 1.10}""", quick.Response.Body.ToStringUtf8());
        Assert.Equal((200, 38L), (quick.Response.StatusCode, quick.Response.Size));
        Assert.Equal("application/json", quick.Response.ContentType);
        Assert.Equal("yes", quick.Response.Headers["x-api"]);
        Assert.Equal(create.Requests[0].Params, quick.Params);
        Assert.Empty((await grpc.FetchBatchAsync(new FetchBatchRequest { BatchId = created.Id })).Batch.Requests);

        var sent = api.Requests.Single(request => request.Method == "POST");
        Assert.Equal("/quick?a=1&a=true", sent.Target);
        Assert.Equal("text/plain", sent.Headers["Content-Type"]);
        Assert.Equal("body"u8.ToArray(), sent.Body);

        var byId = (await grpc.FetchBatchAsync(new FetchBatchRequest
        {
            BatchId = created.Id,
            RequestIds = { created.Requests[1].Id, created.Requests[0].Id },
            RequestFields = FieldMask.FromString("state,response.status_code"),
        })).Batch.Requests;
        Assert.Equal(
            [
                new Request { Id = created.Requests[1].Id, State = RequestState.Running },
                new Request
                {
                    Id = created.Requests[0].Id,
                    State = RequestState.Done,
                    Response = new Response { StatusCode = 200 },
                },
            ],
            byId);

        gate.SetResult();
        await gateway.Rest.WaitUntilDoneAsync(created.Id);
        var done = (await grpc.CancelBatchAsync(new CancelBatchRequest { BatchId = created.Id })).Batch;
        Assert.Equal((BatchState.Done, 0L, 0L), (done.State, done.RunningRequests, done.FailedRequests));
        Assert.True(done.DoneTime >= done.CreateTime);
        var deleted = await grpc.DeleteBatchAsync(new DeleteBatchRequest { BatchId = created.Id });
        Assert.Equal(created.Id, deleted.Batch.Id);
        Assert.Empty((await grpc.ListBatchesAsync(new ListBatchesRequest())).Batches);
    }
}
