using Batching.Server.Tests.Infrastructure;

namespace Batching.Server.Tests.Delivery;

public sealed class StatusTests
{
    [Fact]
    public async Task GetStatus_WhileRunningAndDone_HasTheDocumentedShape()
    {
        var gate = new TaskCompletionSource();
        await using var api = await TestApi.StartAsync(async context =>
        {
            if (context.Request.Path == "/slow")
            {
                await gate.Task;
            }

            await TestApi.JsonAsync(context, "[1, 2]");
        });
        await using var gateway = await Gateway.StartAsync(api);
        var batch = await gateway.Rest.SubmitPathsAsync("slow", "quick");
        await gateway.Rest.WaitForRunningAsync(batch.Id, 1);

        var brief = (await gateway.Rest.GetAsync($"{batch.Path}/status")).Success();
        var detailed = (await gateway.Rest.GetAsync($"{batch.Path}/status?detailed=true")).Success();

        var (slow, quick) = (batch.RequestIds[0], batch.RequestIds[1]);
        var head = $$"""{"Batch":{"id":"{{batch.Id}}","created":{{batch.Created}},"totalRequests":2,"runningRequests":""";
        var done = detailed.Requests[1].GetProperty("done").GetInt64();
        Assert.InRange(done, batch.Created, TimeProvider.System.GetUtcNow().ToUnixTimeSeconds());
        Assert.Equal(head + """1,"failedRequests":0,"state":"RUNNING","responseSize":6},"statusCode":200}""", brief.Text);
        Assert.Equal(
            head + $$"""1,"failedRequests":0,"state":"RUNNING","responseSize":6,"Requests":[{"id":"{{slow}}","done":false},"""
            + $$"""{"id":"{{quick}}","done":{{done}},"responseStatusCode":200,"responseSize":6}]},"statusCode":200}""",
            detailed.Text);

        gate.SetResult();
        await gateway.Rest.WaitUntilDoneAsync(batch.Id);
        Assert.Equal(
            head + """0,"failedRequests":0,"state":"DONE","responseSize":12},"statusCode":200}""",
            (await gateway.Rest.GetAsync($"{batch.Path}/status")).Success().Text);
    }

    [Fact]
    public async Task GetStatus_RequestIds_ReturnsJustThoseInThatOrder()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);
        var batch = await gateway.Rest.SubmitPathsAsync("a", "b", "c");

        var reply = (await gateway.Rest.GetAsync(
            $"{batch.Path}/status?request_ids={batch.RequestIds[2]},{batch.RequestIds[0]}")).Success();

        Assert.Equal(
            [batch.RequestIds[2], batch.RequestIds[0]],
            reply.Requests.Select(request => request.GetProperty("id").GetString()));
    }

    [Theory]
    [InlineData("detailed=TRUE", true)]
    [InlineData("detailed=1", true)]
    [InlineData("detailed=True", true)]
    [InlineData("detailed=False", false)]
    [InlineData("detailed=0", false)]
    [InlineData("detailed=", false)]
    [InlineData("request_ids=", false)]
    public async Task GetStatus_BooleanInAnyForm_IsUnderstood(string query, bool isDetailed)
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);
        var batch = await gateway.Rest.SubmitPathsAsync("a");

        var reply = (await gateway.Rest.GetAsync($"{batch.Path}/status?{query}")).Success();

        Assert.Equal(isDetailed, reply.Batch.TryGetProperty("Requests", out _));
    }
}
