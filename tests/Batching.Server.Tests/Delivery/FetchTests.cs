using Batching.Server.Tests.Infrastructure;
using Batching.V1;

namespace Batching.Server.Tests.Delivery;

public sealed class FetchTests
{
    [Fact]
    public async Task Fetch_FinishedRequests_HasTheDocumentedShapeAndDeliversOnce()
    {
        var gate = new TaskCompletionSource();
        await using var api = await TestApi.StartAsync(async context =>
        {
            if (context.Request.Path == "/slow")
            {
                await gate.Task;
            }

            await TestApi.JsonAsync(context, """{"ok": true}""");
        });
        await using var gateway = await Gateway.StartAsync(api);
        var batch = await gateway.Rest.SubmitAsync(
            """[{"path": "slow"}, {"path": "quick", "method": "post", "params": {"a":1}}]""");
        await gateway.Rest.WaitForRunningAsync(batch.Id, 1);

        var first = (await gateway.Rest.GetAsync(batch.Path)).Success();
        var nothing = (await gateway.Rest.GetAsync(batch.Path)).Success();
        gate.SetResult();
        await gateway.Rest.WaitUntilDoneAsync(batch.Id);
        var second = (await gateway.Rest.GetAsync(batch.Path)).Success();
        var end = (await gateway.Rest.GetAsync(batch.Path)).Success();

        var head = $$"""{"Batch":{"id":"{{batch.Id}}","created":{{batch.Created}},"totalRequests":2,"runningRequests":""";
        Assert.Equal(
            head + $$$"""
            1,"failedRequests":0,"state":"RUNNING","position":1,"Requests":[{"id":"{{{batch.RequestIds[1]}}}","spawnedBy":{{{batch.Id}}},
            "created":{{{batch.Created}}},"done":{{{Done(first)}}},"path":"quick","method":"POST","params":{"a":1},
            "responseStatusCode":200,"responseSize":12,"response":{"ok": true}}]},"statusCode":200}
            """.ReplaceLineEndings(""),
            first.Text);
        Assert.Equal(head + """1,"failedRequests":0,"state":"RUNNING","position":1,"Requests":[]},"statusCode":200}""", nothing.Text);
        Assert.Equal(
            head + $$$"""
            0,"failedRequests":0,"state":"DONE","position":2,"Requests":[{"id":"{{{batch.RequestIds[0]}}}","spawnedBy":{{{batch.Id}}},
            "created":{{{batch.Created}}},"done":{{{Done(second)}}},"path":"slow","method":"GET",
            "responseStatusCode":200,"responseSize":12,"response":{"ok": true}}]},"statusCode":200}
            """.ReplaceLineEndings(""),
            second.Text);
        Assert.Equal(head + """0,"failedRequests":0,"state":"DONE","position":2,"Requests":[]},"statusCode":200}""", end.Text);
    }

    [Fact]
    public async Task Fetch_RequestIds_ReturnsThoseInThatOrderAndLeavesTheMarkAlone()
    {
        var gate = new TaskCompletionSource();
        await using var api = await TestApi.StartAsync(async context =>
        {
            if (context.Request.Path == "/slow")
            {
                await gate.Task;
            }

            await TestApi.JsonAsync(context, "1");
        });
        await using var gateway = await Gateway.StartAsync(api);
        var batch = await gateway.Rest.SubmitPathsAsync("slow", "a", "b");
        await gateway.Rest.WaitForRunningAsync(batch.Id, 1);
        var query = $"{batch.Path}?request_ids={batch.RequestIds[2]},{batch.RequestIds[0]}";

        var reply = (await gateway.Rest.GetAsync(query)).Success();

        Assert.Equal(
            $$$"""
            {"Batch":{"id":"{{{batch.Id}}}","created":{{{batch.Created}}},"totalRequests":3,"runningRequests":1,
            "failedRequests":0,"state":"RUNNING","Requests":[
            {"id":"{{{batch.RequestIds[2]}}}","spawnedBy":{{{batch.Id}}},"created":{{{batch.Created}}},"done":{{{Done(reply)}}},
            "path":"b","method":"GET","responseStatusCode":200,"responseSize":1,"response":1},
            {"id":"{{{batch.RequestIds[0]}}}","spawnedBy":{{{batch.Id}}},"created":{{{batch.Created}}},"done":false,
            "path":"slow","method":"GET"}]},"statusCode":200}
            """.ReplaceLineEndings(""),
            reply.Text);
        Assert.Equal(2, (await gateway.Rest.GetAsync(batch.Path)).Success().Requests.Count);
        // What was received stays fetchable by id.
        Assert.Equal(reply.Text, (await gateway.Rest.GetAsync(query)).Success().Text);
        gate.SetResult();
    }

    [Fact]
    public async Task Fetch_After_ReturnsWhatIsBehindAndMovesTheMark()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);
        var batch = await gateway.Rest.SubmitPathsAsync("a", "b", "c", "d");
        await gateway.Rest.WaitUntilDoneAsync(batch.Id);
        var inOrder = await IdsAsync("after=0");

        Assert.Equal(4, inOrder.Length);
        Assert.Equal(inOrder[2..], await IdsAsync("after=2"));
        Assert.Empty(await IdsAsync("after=4"));
        Assert.Empty(await IdsAsync(""));
        // A smaller position reads again what was received.
        Assert.Equal(inOrder[1..], await IdsAsync("after=1"));

        async Task<string[]> IdsAsync(string query)
        {
            var reply = (await gateway.Rest.GetAsync($"{batch.Path}?{query}")).Success();
            Assert.Equal(4, reply.Batch.GetProperty("position").GetInt32());
            return [.. reply.Requests.Select(request => request.GetProperty("id").GetString()!)];
        }
    }

    [Fact]
    public async Task Fetch_AfterAlone_CountsEverythingUpToItAsReceived()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);
        var batch = await gateway.Rest.SubmitPathsAsync("a", "b", "c");
        await gateway.Rest.WaitUntilDoneAsync(batch.Id);

        using (var stream = await gateway.Rest.OpenAsync($"{batch.Path}/results?after=2"))
        {
            var text = await stream.Content.ReadAsStringAsync();
            Assert.StartsWith("""{"position":3,""", text, StringComparison.Ordinal);
        }

        await Eventually.BeTrueAsync(
            async () => (await gateway.Grpc.FetchBatchAsync(new FetchBatchRequest { BatchId = batch.Id }))
                .Batch.Requests.Count == 0,
            "the stream counts as received");
    }

    [Theory]
    [InlineData("path", """{"id":"ID","path":"x"}""")]
    [InlineData("method,responseStatusCode", """{"id":"ID","method":"GET","responseStatusCode":200}""")]
    [InlineData("response", """{"id":"ID","response":"text"}""")]
    [InlineData("responseSize,id", """{"id":"ID","responseSize":4}""")]
    [InlineData("params", """{"id":"ID"}""")]
    public async Task Fetch_RequestFields_ReturnsThoseAndTheId(string fields, string expected)
    {
        await using var api = await TestApi.StartAsync(context =>
            TestApi.BytesAsync(context, "text/plain", "text"u8.ToArray()));
        await using var gateway = await Gateway.StartAsync(api);

        var request = await gateway.Rest.RunAsync("""{"path": "x"}""", $"request_fields={fields}");

        Assert.Equal(
            expected.Replace("ID", request.GetProperty("id").GetString(), StringComparison.Ordinal),
            request.GetRawText());
    }

    [Fact]
    public async Task Fetch_PagesOfLargeBodies_AreAtMost2MiBOrASingleRequest()
    {
        int[] sizes = [1_000_000, 1_000_000, 97_152, 1, 3_000_000, 500_000, 2_097_152, 2_097_153, 10];
        await using var api = await TestApi.StartAsync(context => TestApi.BytesAsync(
            context, "application/octet-stream", new byte[sizes[int.Parse(context.Request.Path.Value![1..], null)]]));
        // One after the other, so that positions are in the order given.
        await using var gateway = await Gateway.StartAsync(
            "", $"--Batch:Upstreams:0:BaseAddress={api.Address}", "--Batch:Upstreams:0:MaxConcurrency=1");
        var batch = await gateway.Rest.SubmitPathsAsync(sizes.Select((_, i) => $"{i}"));
        await gateway.Rest.WaitUntilDoneAsync(batch.Id);

        var pages = new List<long[]>();
        while (true)
        {
            var page = (await gateway.Rest.GetAsync($"{batch.Path}?request_fields=responseSize,response")).Success();
            if (page.Requests.Count == 0)
            {
                break;
            }

            pages.Add([.. page.Requests.Select(request => request.GetProperty("responseSize").GetInt64())]);
        }

        Assert.Equal(
            [[1_000_000, 1_000_000, 97_152], [1], [3_000_000], [500_000], [2_097_152], [2_097_153], [10]], pages);
    }

    [Fact]
    public async Task Fetch_ClientGoesBeforeTheReplyIsWritten_HandsTheResultsOutAgain()
    {
        // More than what fits into all the buffers between the gateway and a client that doesn't read.
        const int Count = 8;
        var bytes = new byte[8 << 20];
        await using var api = await TestApi.StartAsync(context =>
            TestApi.BytesAsync(context, "application/octet-stream", bytes));
        await using var gateway = await Gateway.StartAsync(api, $"--Batch:Limits:PageBytes={64 << 20}");
        var batch = await gateway.Rest.SubmitPathsAsync(Enumerable.Range(0, Count).Select(i => $"x/{i}"));
        await gateway.Rest.WaitUntilDoneAsync(batch.Id);

        Task<RestReply> other;
        using (var cut = await gateway.Rest.OpenAsync(batch.Path))
        {
            var body = await cut.Content.ReadAsStreamAsync();
            await body.ReadExactlyAsync(new byte[1000]);
            // While it is on the way to this client, nobody else gets it; nor is anybody told that this was all.
            other = gateway.Rest.GetAsync($"{batch.Path}?request_fields=id");
            await gateway.Rest.GetAsync($"{batch.Path}/status");
            Assert.False(other.IsCompleted, "A page was handed out that was on its way to another client.");
        }

        var again = (await other.WithDeadlineAsync("the results are handed out again")).Success().Requests;
        Assert.Equal(
            batch.RequestIds.Order(StringComparer.Ordinal),
            again.Select(request => request.GetProperty("id").GetString()).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Head_FinishedRequests_CountsNothingAsReceived()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);
        var batch = await gateway.Rest.SubmitPathsAsync("x");
        await gateway.Rest.WaitUntilDoneAsync(batch.Id);

        var head = await gateway.Rest.SendAsync(HttpMethod.Head, batch.Path);

        Assert.Equal((200, ""), (head.Status, head.Text));
        Assert.Single((await gateway.Rest.GetAsync(batch.Path)).Success().Requests);
    }

    private static long Done(RestReply reply) => reply.Requests[0].GetProperty("done").GetInt64();
}
