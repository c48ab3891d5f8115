using Batching.Server.Tests.Infrastructure;
using Batching.V1;
using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;
using Microsoft.Data.Sqlite;

namespace Batching.Server.Tests.Submission;

/// <summary>Batches that come in many messages.</summary>
public sealed class UploadTests
{
    // More than is staged at a time.
    private static readonly ByteString Body = ByteString.CopyFrom(new byte[8000]);

    [Fact]
    public async Task UploadBatch_ManyMessages_IsABatchLikeAnyOther()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);

        var batch = await UploadAsync(gateway, Requests(0, 12_000).Chunk(999));

        Assert.Equal((12_000L, BatchState.Running), (batch.TotalRequests, batch.State));
        Assert.Empty(batch.Requests);
        await gateway.Rest.WaitUntilDoneAsync(batch.Id);
        var seen = new HashSet<int>();
        using (var stream = gateway.Grpc.FetchResults(new FetchResultsRequest { BatchId = batch.Id }))
        {
            await foreach (var record in stream.ResponseStream.ReadAllAsync())
            {
                if (record.Request is { } request)
                {
                    Assert.True(seen.Add(request.Index));
                    Assert.Equal(
                        ($"item/{request.Index}", $$"""{"path":"/item/{{request.Index}}"}"""),
                        (request.Path, request.Response.Body.ToStringUtf8()));
                }
            }
        }

        Assert.Equal(12_000, seen.Count);

        // The same in v0, where it must be asked for.
        var page = (await gateway.Rest.GetAsync($"/api/v0/batch/{batch.Id}?after=0&request_fields=index,path")).Success();
        Assert.All(page.Requests, request =>
            Assert.Equal($"item/{request.GetProperty("index").GetInt32()}", request.GetProperty("path").GetString()));
        var whole = (await gateway.Rest.GetAsync($"/api/v0/batch/{batch.Id}?after=0")).Success();
        Assert.DoesNotContain("\"index\"", whole.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task UploadBatch_BadRequestInALaterMessage_IsRefusedWholeAndNamedByItsPlace()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);
        var late = Large(300, 10);
        late[4].Path = "//elsewhere/x";

        var error = await Assert.ThrowsAsync<RpcException>(() => UploadAsync(gateway, [Large(0, 300), late]));

        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        var violation = Assert.Single(Assert.Single(error.GetRpcStatus()!.Details).Unpack<BadRequest>().FieldViolations);
        Assert.Equal("requests[304].path", violation.Field);
        await AssertNothingKeptAsync(gateway, api);
    }

    [Fact]
    public async Task UploadBatch_MoreThanTheLimit_IsRefusedWhileItStillComes()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, "--Batch:Limits:RequestsPerUpload=500");

        var error = await Assert.ThrowsAsync<RpcException>(
            () => UploadAsync(gateway, Enumerable.Range(0, 1000).Select(i => Large(i * 100, 100))));

        Assert.Equal(
            (StatusCode.InvalidArgument, "requests are more than 500, the limit of an upload."),
            (error.StatusCode, error.Status.Detail));
        await AssertNothingKeptAsync(gateway, api);
    }

    [Fact]
    public async Task UploadBatch_ClientGone_LeavesNothing()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);
        using (var call = gateway.Grpc.UploadBatch())
        {
            await call.RequestStream.WriteAsync(Message(Large(0, 400)));
            await Eventually.BeTrueAsync(() => Count(gateway.DataDirectory, "staged_batches") == 1, "some of it is stored");
        }

        await AssertNothingKeptAsync(gateway, api);
    }

    [Fact]
    public async Task UploadBatch_DeadlinePassed_LeavesNothing()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);
        using var call = gateway.Grpc.UploadBatch(deadline: TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(2));
        await call.RequestStream.WriteAsync(Message(Large(0, 400)));

        var error = await Assert.ThrowsAsync<RpcException>(async () => await call);

        Assert.Equal(StatusCode.DeadlineExceeded, error.StatusCode);
        await AssertNothingKeptAsync(gateway, api);
    }

    [Fact]
    public async Task UploadBatch_Pause_IsCut()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, "--Batch:Limits:UploadIdleTime=00:00:01");
        using var call = gateway.Grpc.UploadBatch();
        await call.RequestStream.WriteAsync(Message(Large(0, 400)));

        var error = await Assert.ThrowsAsync<RpcException>(async () => await call);

        Assert.Equal(StatusCode.DeadlineExceeded, error.StatusCode);
        Assert.StartsWith("No message of the upload came within 00:00:01.", error.Status.Detail, StringComparison.Ordinal);
        await AssertNothingKeptAsync(gateway, api);
    }

    [Fact]
    public async Task UploadBatch_GatewayKilled_LeavesNothingAfterTheNextStartButWhatWasAccepted()
    {
        await using var api = await TestApi.StartAsync();
        using var data = new TemporaryDirectory();
        string id;
        using (var gateway = await GatewayProcess.StartAsync(api, data))
        {
            id = (await UploadAsync(gateway.Grpc, [Large(0, 400)])).Id;
            using var call = gateway.Grpc.UploadBatch();
            await call.RequestStream.WriteAsync(Message(Large(0, 400)));
            await Eventually.BeTrueAsync(() => Count(data.FullName, "staged_batches") == 1, "some of it is stored");
            await gateway.KillAsync();
        }

        using var again = await GatewayProcess.StartAsync(api, data);
        await again.Rest.WaitUntilDoneAsync(id);
        Assert.Equal([id], (await again.Grpc.ListBatchesAsync(new ListBatchesRequest())).Batches.Select(batch => batch.Id));
        await Eventually.BeTrueAsync(() => Count(data.FullName, "staged_batches") == 0, "what was left is deleted");
        Assert.Equal(400, Count(data.FullName, "(SELECT sum(request_count) AS n FROM request_windows)", "n"));
        again.AssertNoErrors();
    }

    [Fact]
    public async Task UploadBatch_GatewayStops_IsUnavailable()
    {
        await using var api = await TestApi.StartAsync();
        using var data = new TemporaryDirectory();
        using var gateway = await GatewayProcess.StartAsync(api, data);
        using var call = gateway.Grpc.UploadBatch();
        await call.RequestStream.WriteAsync(Message(Large(0, 400)));
        await Eventually.BeTrueAsync(() => Count(data.FullName, "staged_batches") == 1, "some of it is stored");

        await gateway.TerminateAsync();

        var error = await Assert.ThrowsAsync<RpcException>(async () => await call);
        Assert.Equal(StatusCode.Unavailable, error.StatusCode);
        Assert.Equal(0, await gateway.WaitForExitAsync());
        Assert.Equal(0, Count(data.FullName, "staged_batches"));
        gateway.AssertNoErrors();
    }

    private static Request[] Requests(int first, int count) =>
        [.. Enumerable.Range(first, count).Select(i => new Request { Path = $"item/{i}" })];

    private static Request[] Large(int first, int count) =>
        [.. Enumerable.Range(first, count).Select(i => new Request { Path = $"item/{i}", Method = "PUT", Body = Body })];

    private static UploadBatchRequest Message(IEnumerable<Request> requests) => new() { Requests = { requests } };

    private static Task<Batch> UploadAsync(Gateway gateway, IEnumerable<Request[]> messages) =>
        UploadAsync(gateway.Grpc, messages);

    private static async Task<Batch> UploadAsync(BatchService.BatchServiceClient grpc, IEnumerable<Request[]> messages)
    {
        using var call = grpc.UploadBatch();
        try
        {
            foreach (var message in messages)
            {
                await call.RequestStream.WriteAsync(Message(message));
            }

            await call.RequestStream.CompleteAsync();
        }
        catch (RpcException)
        {
            // Refused while it still comes; the reply says why.
        }

        return (await call.ResponseAsync.WithDeadlineAsync("the reply to an upload comes")).Batch;
    }

    private static async Task AssertNothingKeptAsync(Gateway gateway, TestApi api)
    {
        await Eventually.BeTrueAsync(
            () => Count(gateway.DataDirectory, "staged_batches") + Count(gateway.DataDirectory, "request_windows") == 0,
            "nothing is stored");
        await gateway.AssertNothingStoredAsync();
        Assert.Empty(api.Requests);
    }

    private static long Count(string dataDirectory, string from, string what = "count(*)")
    {
        using var connection = new SqliteConnection(
            $"Data Source={Path.Combine(dataDirectory, "batch.db")};Pooling=False;Mode=ReadOnly");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT {what} FROM {from}";
        return (long)command.ExecuteScalar()!;
    }
}
