using Batching.Server.Tests.Infrastructure;
using Batching.V1;

namespace Batching.Server.Tests.Lifecycle;

public sealed class CancelTests
{
    private const int Concurrency = 3;
    private const int Count = 40;

    private const string Cancelled =
        """{"message":"The batch was cancelled.","statusCode":499,"error":"CANCELLED"}""";

    [Fact]
    public async Task Cancel_RunningBatch_AbortsWhatIsInFlightStartsNoMoreAndKeepsResults()
    {
        var aborted = 0;
        await using var api = await TestApi.StartAsync(async context =>
        {
            if (context.Request.Path == "/quick")
            {
                await TestApi.JsonAsync(context, "1");
                return;
            }

            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Interlocked.Increment(ref aborted);
        });
        await using var gateway = await Gateway.StartAsync(
            "", $"--Batch:Upstreams:0:BaseAddress={api.Address}", $"--Batch:Upstreams:0:MaxConcurrency={Concurrency}");
        var batch = await gateway.Rest.SubmitPathsAsync(["quick", .. Enumerable.Repeat("hang", Count - 1)]);
        await Eventually.BeTrueAsync(() => api.Requests.Count == 1 + Concurrency, "the upstream is busy");
        await gateway.Rest.WaitForRunningAsync(batch.Id, Count - 1);

        var reply = (await gateway.Rest.PostAsync("", $"{batch.Path}/cancel")).Success();

        Assert.Equal(
            ["id", "created", "totalRequests", "runningRequests", "failedRequests", "state", "responseSize"],
            reply.Batch.EnumerateObject().Select(property => property.Name));
        Assert.Equal(200, reply.Json.GetProperty("statusCode").GetInt32());
        await gateway.Rest.WaitUntilDoneAsync(batch.Id);
        await Eventually.BeTrueAsync(
            () => Volatile.Read(ref aborted) == Concurrency, "the requests in flight are aborted");
        Assert.Equal(1 + Concurrency, api.Requests.Count);
        var results = (await gateway.Rest.GetAsync(batch.Path)).Success().Requests
            .ToDictionary(request => request.GetProperty("id").GetString()!);
        Assert.Equal(Count, results.Count);
        Assert.Equal("1", results[batch.RequestIds[0]].GetProperty("response").GetRawText());
        Assert.All(batch.RequestIds.Skip(1), id =>
        {
            Assert.Equal(499, results[id].GetProperty("responseStatusCode").GetInt32());
            Assert.Equal(Cancelled, results[id].GetProperty("response").GetRawText());
        });
        var status = await gateway.Grpc.GetBatchStatusAsync(new GetBatchStatusRequest { BatchId = batch.Id });
        Assert.Equal((BatchState.Cancelled, Count - 1L), (status.Batch.State, status.Batch.FailedRequests));
    }

    [Fact]
    public async Task Cancel_BatchThatIsDone_StaysAsItIs()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);
        var batch = await gateway.Rest.SubmitPathsAsync("x");
        await gateway.Rest.WaitUntilDoneAsync(batch.Id);

        (await gateway.Rest.PostAsync("", $"{batch.Path}/cancel")).Success();
        // Any JSON, which some clients send with every POST.
        (await gateway.Rest.PostAsync("""{"what": "an old client sends along"}""", $"{batch.Path}/cancel")).Success();

        var status = await gateway.Grpc.GetBatchStatusAsync(new GetBatchStatusRequest { BatchId = batch.Id });
        Assert.Equal(BatchState.Done, status.Batch.State);
        Assert.Single((await gateway.Rest.GetAsync(batch.Path)).Success().Requests);
    }

    [Fact]
    public async Task Delete_RunningBatch_StopsItAndLeavesNothing()
    {
        var aborted = new TaskCompletionSource();
        await using var api = await TestApi.StartAsync(async context =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            aborted.TrySetResult();
        });
        await using var gateway = await Gateway.StartAsync(api);
        var batch = await gateway.Rest.SubmitPathsAsync("x");
        await Eventually.BeTrueAsync(() => api.Requests.Count == 1, "the request is in flight");

        var reply = (await gateway.Rest.SendAsync(HttpMethod.Delete, batch.Path)).Success();

        Assert.Equal(
            $$$"""
            {"Batch":{"id":"{{{batch.Id}}}","created":{{{batch.Created}}},"totalRequests":1,"runningRequests":1,
            "failedRequests":0,"state":"RUNNING","responseSize":0},"statusCode":200}
            """.ReplaceLineEndings(""),
            reply.Text);
        await aborted.Task.WithDeadlineAsync("the request in flight is aborted");
        (await gateway.Rest.GetAsync(batch.Path)).Error(404, "NOT_FOUND");
        (await gateway.Rest.GetAsync($"{batch.Path}/status")).Error(404, "NOT_FOUND");
        (await gateway.Rest.SendAsync(HttpMethod.Delete, batch.Path)).Error(404, "NOT_FOUND");
        await gateway.AssertNothingStoredAsync();
    }
}
