using Batching.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Http;

namespace Batching.Server.Tests.Spawning;

/// <summary>Every style of pagination, however it is chosen.</summary>
[Collection(SharedSpawningGateway.Name)]
public sealed class StyleTests(SpawningFixture fixture)
{
    public static TheoryData<string, int> Styles => new()
    {
        // With a full last page, only the empty one behind it shows the end, where no total is known.
        { "cursor", 10 }, { "link", 10 }, { "next_url", 10 }, { "page", 11 }, { "offset", 11 },
    };

    [Theory]
    [MemberData(nameof(Styles))]
    public async Task Style_AskedForOverRest_FindsEveryItem(string style, int pages)
    {
        var path = fixture.Api.Serve(new PagedApi(1_000).HandleAsync);

        var results = await fixture.Rest.RunAsync(SpawnerJson.Of(path, style));

        AssertAllItems(1_000, results, pages);
    }

    [Theory]
    [MemberData(nameof(Styles))]
    public async Task Style_AskedForOverGrpc_FindsEveryItem(string style, int pages)
    {
        var path = fixture.Api.Serve(new PagedApi(1_000).HandleAsync);
        using var channel = GrpcChannel.ForAddress(fixture.Gateway.Address);
        var client = new BatchService.BatchServiceClient(channel);

        var created = await client.CreateBatchAsync(new CreateBatchRequest
        {
            Requests =
            {
                new Request
                {
                    Path = $"{path}/{style}",
                    Spawner = true,
                    Params = new Struct { Fields = { ["q"] = Value.ForBool(true) } },
                    Pagination = new Pagination
                    {
                        Style = System.Enum.Parse<PaginationStyle>(style.Replace("_", "", StringComparison.Ordinal), ignoreCase: true),
                    },
                },
            },
        });
        var results = new List<Request>();
        using var call = client.FetchResults(new FetchResultsRequest { BatchId = created.Batch.Id, After = 0 });
        while (await call.ResponseStream.MoveNext(CancellationToken.None))
        {
            if (call.ResponseStream.Current.Request is { } request)
            {
                results.Add(request);
            }
        }

        Assert.Equal(created.Batch.Requests[0].Id, results[0].Id);
        Assert.Equal(200, results[0].Response.StatusCode);
        Assert.Empty(results[0].Response.Body);
        Assert.All(results.Skip(1), page => Assert.Equal(results[0].Id, page.SpawnedBy));
        Assert.Equal(pages, results.Count - 1);
        Assert.Equal(
            Enumerable.Range(1, 1_000).Select(item => (long)item),
            results.Skip(1).SelectMany(page =>
            {
                using var json = System.Text.Json.JsonDocument.Parse(page.Response.Body.Memory);
                return PagedApi.ItemsOf(json.RootElement).ToList();
            }));
        Assert.StartsWith($"/{path}/{style}?q=true", fixture.Api.Calls(path)[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Style_FromTheConfiguration_HoldsForThePathsOfTheUpstream()
    {
        await using var gateway = await GatewayProcess.StartAsync(
            ("Batch:Upstreams:0:Prefix", "/"), ("Batch:Upstreams:0:BaseAddress", fixture.Api.Address),
            ("Batch:Upstreams:1:Prefix", "/api/link"), ("Batch:Upstreams:1:BaseAddress", fixture.Api.Address),
            ("Batch:Upstreams:1:Pagination:Style", "Link"),
            ("Batch:Upstreams:2:Prefix", "/api/next_url"), ("Batch:Upstreams:2:BaseAddress", fixture.Api.Address),
            ("Batch:Upstreams:2:Pagination:Style", "NextUrl"), ("Batch:Upstreams:2:Pagination:NextUrlPointer", "/next"),
            ("Batch:Upstreams:3:Prefix", "/api/page"), ("Batch:Upstreams:3:BaseAddress", fixture.Api.Address),
            ("Batch:Upstreams:3:Pagination:Style", "Page"), ("Batch:Upstreams:3:Pagination:PageCountPointer", "/pages"),
            ("Batch:Upstreams:3:Pagination:PageSize", "50"),
            ("Batch:Upstreams:4:Prefix", "/api/offset"), ("Batch:Upstreams:4:BaseAddress", fixture.Api.Address),
            ("Batch:Upstreams:4:Pagination:Style", "Offset"), ("Batch:Upstreams:4:Pagination:TotalHeader", "X-Total-Count"));
        fixture.Api.ServeAt("api", new PagedApi(1_000).HandleAsync);
        using var rest = new WalkClient(gateway.Address);

        foreach (var (style, pages) in new[] { ("cursor", 10), ("link", 10), ("next_url", 10), ("page", 21), ("offset", 11) })
        {
            AssertAllItems(1_000, await rest.RunAsync($$"""{"path": "api/{{style}}", "spawner": true}"""), pages);
        }

        // A request may still say otherwise.
        var reversed = await rest.RunAsync(
            """{"path": "api/page", "spawner": true, "pagination": {"page_size": 25, "sequential": true}}""");
        AssertAllItems(1_000, reversed, 41);
        Assert.Empty(gateway.Errors);
    }

    [Fact]
    public async Task Names_OfParametersAndFields_AreSettings()
    {
        var path = fixture.Api.Serve(async context =>
        {
            var token = context.Request.Query["pageToken"].ToString();
            await context.Response.WriteAsync(token switch
            {
                "" => """{"items": [1], "meta": {"paging": [{"next~/token": 12345678901234567890}]}}""",
                "12345678901234567890" => """{"meta": {"paging": [{"next~/token": "a\u0026b=\"\u00e9"}]}, "items": [2]}""",
                _ => """{"items": [3], "meta": null}""",
            });
        });

        var pages = await fixture.Rest.RunAsync(
            $$"""
            {"path": "{{path}}", "spawner": true, "pagination": {"cursor_param": "pageToken",
             "cursorPointer": "/meta/paging/0/next~0~1token", "limit_param": "maxResults", "page_size": 10} }
            """);

        Assert.Equal(3, pages.Count);
        Assert.Equal(
            [
                $"/{path}?maxResults=10",
                $"/{path}?maxResults=10&pageToken=12345678901234567890",
                $"/{path}?maxResults=10&pageToken=a%26b%3D%22%C3%A9",
            ],
            fixture.Api.Calls(path));
    }

    [Theory]
    [InlineData("page", "\"page_count_pointer\": \"/pages\"")]
    [InlineData("page", "\"total_pointer\": \"/total\"")]
    [InlineData("page", "\"total_header\": \"X-Total-Count\"")]
    [InlineData("offset", "\"total_pointer\": \"/total\"")]
    [InlineData("offset", "\"total_header\": \"X-Total-Count\"")]
    public async Task FanOut_WithAKnownTotal_AsksForAllOtherPagesAtOnce(string style, string total)
    {
        // No page but the first is answered before all others are asked for.
        var others = 0;
        var all = new TaskCompletionSource();
        var path = fixture.Api.Serve(new PagedApi(1_950)
        {
            Before = async context =>
            {
                if (context.Request.Query[style] is not [null or "1" or "0"])
                {
                    if (Interlocked.Increment(ref others) == 19)
                    {
                        all.SetResult();
                    }

                    await all.Task;
                }

                return true;
            },
        }.HandleAsync);

        var pages = await fixture.Rest.RunAsync(SpawnerJson.Of(path, style, total));

        AssertAllItems(1_950, pages, 20);
    }

    [Theory]
    [InlineData("page", "\"page_count_pointer\": \"/pages\"")]
    [InlineData("page", "\"total_pointer\": \"/total\"")]
    [InlineData("offset", "\"total_pointer\": \"/total\"")]
    public async Task Sequential_WithAKnownTotal_AsksForOnePageAfterTheOther(string style, string total)
    {
        var running = 0;
        var path = fixture.Api.Serve(new PagedApi(1_950)
        {
            Before = async _ =>
            {
                Assert.Equal(1, Interlocked.Increment(ref running));
                await Task.Yield();
                Interlocked.Decrement(ref running);
                return true;
            },
        }.HandleAsync);

        var pages = await fixture.Rest.RunAsync(SpawnerJson.Of(path, style, $"{total}, \"sequential\": true"));

        AssertAllItems(1_950, pages, 20);
    }

    [Theory]
    [InlineData("page", true)]
    [InlineData("page", false)]
    [InlineData("offset", true)]
    [InlineData("offset", false)]
    public async Task PageSize_SmallerThanAskedFor_LosesNothing(string style, bool sequential)
    {
        var path = fixture.Api.Serve(new PagedApi(1_030, maxPageSize: 30).HandleAsync);

        var pages = await fixture.Rest.RunAsync(
            SpawnerJson.Of(path, style, $"\"total_pointer\": \"/total\", \"sequential\": {(sequential ? "true" : "false")}"));

        AssertAllItems(1_030, pages, 35);
    }

    [Theory]
    [InlineData("offset", false, new[] { 100, 100, 50 })]
    [InlineData("offset", true, new[] { 100, 100, 50 })]
    [InlineData("page", false, new[] { 100, 100, 100 })]
    [InlineData("page", true, new[] { 100, 100, 100 })]
    public async Task Limit_InStepStyles_EndsTheQuery(string style, bool fansOut, int[] counts)
    {
        var path = fixture.Api.Serve(new PagedApi(1_000).HandleAsync);
        var total = fansOut ? "\"total_pointer\": \"/total\"" : "";

        var pages = await fixture.Rest.RunAsync(
            SpawnerJson.Of(path, style, total, style == "page" ? "\"page_size\": 250" : "\"limit\": 250"));

        Assert.Equal(counts.Order(), pages.Select(page => PagedApi.ItemsOf(page.GetProperty("response")).Count()).Order());
    }

    private static void AssertAllItems(int count, List<System.Text.Json.JsonElement> results, int pages)
    {
        Assert.All(results, page => Assert.Equal(200, page.GetProperty("responseStatusCode").GetInt32()));
        Assert.Equal(
            Enumerable.Range(1, count).Select(item => (long)item),
            results.SelectMany(page => PagedApi.ItemsOf(page.GetProperty("response"))).Order());
        Assert.Equal(pages, results.Count);
    }
}
