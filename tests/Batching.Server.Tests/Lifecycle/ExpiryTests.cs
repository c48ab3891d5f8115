using System.Text.Json;
using Batching.Server.Tests.Infrastructure;
using Batching.V1;

namespace Batching.Server.Tests.Lifecycle;

public sealed class ExpiryTests
{
    [Fact]
    public async Task Responses_AfterTheirRetention_AreNullAndTheRestStays()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, "--Batch:Retention:Responses=00:00:02");
        var batch = await gateway.Rest.SubmitAsync("""[{"path": "x", "params": {"a": 1}}]""");
        await gateway.Rest.WaitUntilDoneAsync(batch.Id);
        var path = $"{batch.Path}?request_ids={batch.RequestIds[0]}";
        var before = (await gateway.Rest.GetAsync(path)).Success();
        var status = (await gateway.Rest.GetAsync($"{batch.Path}/status?detailed=true")).Success();
        Assert.Equal("""{"path":"/x"}""", before.Requests[0].GetProperty("response").GetRawText());

        RestReply after = before;
        await Eventually.BeTrueAsync(
            async () =>
            {
                after = (await gateway.Rest.GetAsync(path)).Success();
                return after.Requests[0].GetProperty("response").ValueKind == JsonValueKind.Null;
            },
            "the response has expired");

        Assert.Equal(
            before.Text.Replace("""{"path":"/x"}""", "null", StringComparison.Ordinal)
                .Replace("DONE", "EXPIRED", StringComparison.Ordinal),
            after.Text);
        Assert.Equal(
            status.Text.Replace("DONE", "EXPIRED", StringComparison.Ordinal),
            (await gateway.Rest.GetAsync($"{batch.Path}/status?detailed=true")).Success().Text);

        // It can still be delivered, once; what there is of it.
        Assert.Single((await gateway.Rest.GetAsync(batch.Path)).Success().Requests);
        Assert.Empty((await gateway.Rest.GetAsync(batch.Path)).Success().Requests);
        var grpc = (await gateway.Grpc.FetchBatchAsync(new FetchBatchRequest { BatchId = batch.Id, After = 0 })).Batch;
        Assert.Equal(BatchState.Expired, grpc.State);
        Assert.True(grpc.Requests[0].Response.Expired);
        Assert.True(grpc.Requests[0].Response.Body.IsEmpty);
        Assert.Equal(13, grpc.Requests[0].Response.Size);
    }

    [Fact]
    public async Task Batch_AfterItsRetention_IsGone()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(
            api, "--Batch:Retention:Responses=00:00:01", "--Batch:Retention:Metadata=00:00:02");
        var batch = await gateway.Rest.SubmitPathsAsync("x");
        (await gateway.Rest.GetAsync(batch.Path)).Success();

        await Eventually.BeTrueAsync(
            async () => (await gateway.Rest.GetAsync($"{batch.Path}/status")).Status == 404, "the batch is gone");

        (await gateway.Rest.GetAsync(batch.Path)).Error(404, "NOT_FOUND");
        (await gateway.Rest.GetAsync($"{batch.Path}/results")).Error(404, "NOT_FOUND");
        await gateway.AssertNothingStoredAsync();
    }
}
