using Batching.Server.Tests.Infrastructure;
using Batching.V1;

namespace Batching.Server.Tests.Lifecycle;

public sealed class ListTests
{
    [Fact]
    public async Task List_ByThePage_ReturnsEachBatchOnceNewestFirst()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);
        var ids = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            ids.Insert(0, (await gateway.Rest.SubmitPathsAsync("x")).Id);
        }

        using var other = gateway.RestAs("Bearer other");
        await other.SubmitPathsAsync("x");

        var pages = new List<string[]>();
        var query = "?limit=2";
        while (true)
        {
            var page = (await gateway.Rest.GetAsync(RestClient.BatchPath + query)).Success();
            pages.Add([.. page.BatchIds]);
            if (!page.Json.TryGetProperty("nextPageToken", out var token))
            {
                break;
            }

            query = $"?limit=2&page_token={token.GetString()}";
        }

        Assert.Equal([[ids[0], ids[1]], [ids[2], ids[3]], [ids[4]]], pages);
    }

    [Fact]
    public async Task List_ExactlyOnePage_HasNoToken()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);
        var batch = await gateway.Rest.SubmitPathsAsync("x");
        await gateway.Rest.WaitUntilDoneAsync(batch.Id);

        var reply = (await gateway.Rest.GetAsync($"{RestClient.BatchPath}?limit=1&page_token=")).Success();

        Assert.Equal(
            $$$"""
            {"Batches":[{"id":"{{{batch.Id}}}","created":{{{batch.Created}}},"totalRequests":1,"runningRequests":0,
            "failedRequests":0,"state":"DONE","responseSize":13}],"statusCode":200}
            """.ReplaceLineEndings(""),
            reply.Text);
    }

    [Fact]
    public async Task List_SmallerMaximum_CapsTheDefaultAndWhatIsAskedFor()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, "--Batch:Limits:ListedBatches=2");
        for (var i = 0; i < 3; i++)
        {
            await gateway.Rest.SubmitPathsAsync("x");
        }

        foreach (var query in (string[])["", "?limit=0", "?limit=3", "?limit=2147483647"])
        {
            var page = (await gateway.Rest.GetAsync(RestClient.BatchPath + query)).Success();
            Assert.Equal(2, page.BatchIds.Count);
            Assert.True(page.Json.TryGetProperty("nextPageToken", out _));
        }

        Assert.Equal(2, (await gateway.Grpc.ListBatchesAsync(new ListBatchesRequest { Limit = 5000 })).Batches.Count);
        (await gateway.Rest.GetAsync($"{RestClient.BatchPath}?limit=-1")).Error(400, "INVALID_ARGUMENT");
    }

    [Fact]
    public async Task ListBatches_OverGrpc_PagesTheSameWay()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);
        var older = await gateway.Rest.SubmitPathsAsync("x");
        var newer = await gateway.Rest.SubmitPathsAsync("x");

        var first = await gateway.Grpc.ListBatchesAsync(new ListBatchesRequest { Limit = 1 });
        var second = await gateway.Grpc.ListBatchesAsync(
            new ListBatchesRequest { Limit = 1, PageToken = first.NextPageToken });

        Assert.Equal(newer.Id, Assert.Single(first.Batches).Id);
        Assert.Equal(older.Id, Assert.Single(second.Batches).Id);
        Assert.Equal("", second.NextPageToken);
        Assert.Empty(second.Batches[0].Requests);
    }
}
