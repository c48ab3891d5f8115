using System.Globalization;
using System.Text.Json;
using Batching.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Http;

namespace Batching.Server.Tests.Spawning;

/// <summary>The recorded behaviour that old clients rely on.</summary>
[Collection(SharedSpawningGateway.Name)]
public sealed class V0Tests(SpawningFixture fixture)
{
    [Fact]
    public async Task Spawner_WithoutLimit_HasTheRecordedShape()
    {
        var path = fixture.Api.Serve(new PagedApi(250, maxPageSize: 100).HandleAsync);

        var batch = await fixture.Rest.SubmitAsync(
            $$"""[{"path": "{{path}}/cursor", "method": "get", "params": {"sort":"changed"}, "spawner": true}]""");
        var posted = batch.GetProperty("Requests")[0];
        var batchId = batch.GetProperty("id").GetString()!;
        var results = await fixture.Rest.CollectAsync(batchId);

        Assert.Equal($$"""{"sort":"changed"}""", posted.GetProperty("params").GetRawText());
        Assert.Equal(4, results.Count);
        var spawner = results[0];
        Assert.Equal(posted.GetProperty("id").GetString(), spawner.GetProperty("id").GetString());
        Assert.Equal(batchId, spawner.GetProperty("spawnedBy").GetRawText());
        Assert.Equal(200, spawner.GetProperty("responseStatusCode").GetInt32());
        Assert.Equal(2, spawner.GetProperty("responseSize").GetInt32());
        Assert.Equal("\"\"", spawner.GetProperty("response").GetRawText());
        Assert.Equal("""{"sort":"changed"}""", spawner.GetProperty("params").GetRawText());
        Assert.False(spawner.TryGetProperty("spawner", out _));
        Assert.Equal(
            [
                """{"sort":"changed","limit":100,"cursor":null}""",
                """{"sort":"changed","limit":100,"cursor":"c100"}""",
                """{"sort":"changed","limit":100,"cursor":"c200"}""",
            ],
            results.Skip(1).Select(page => page.GetProperty("params").GetRawText()));
        Assert.All(results.Skip(1), page =>
        {
            Assert.Equal(spawner.GetProperty("id").GetString(), page.GetProperty("spawnedBy").GetRawText());
            Assert.Equal($"{path}/cursor", page.GetProperty("path").GetString());
            Assert.Equal("GET", page.GetProperty("method").GetString());
            Assert.Matches("^[0-9]{16}$", page.GetProperty("id").GetString());
            Assert.Equal(JsonValueKind.Number, page.GetProperty("done").ValueKind);
        });
        Assert.Equal(
            [
                $"/{path}/cursor?sort=changed&limit=100",
                $"/{path}/cursor?sort=changed&limit=100&cursor=c100",
                $"/{path}/cursor?sort=changed&limit=100&cursor=c200",
            ],
            fixture.Api.Calls(path));
        Assert.Equal(
            Enumerable.Range(1, 250).Select(item => (long)item),
            results.Skip(1).SelectMany(page => PagedApi.ItemsOf(page.GetProperty("response"))));
        var status = (await fixture.Rest.GetAsync($"{batchId}/status")).GetProperty("Batch");
        Assert.Equal(4, status.GetProperty("totalRequests").GetInt32());
        Assert.Equal(0, status.GetProperty("runningRequests").GetInt32());
        Assert.Equal(
            results.Sum(result => result.GetProperty("responseSize").GetInt64()), status.GetProperty("responseSize").GetInt64());
    }

    [Theory]
    [InlineData("250", new[] { 100, 100, 50 })]
    [InlineData("\"250\"", new[] { 100, 100, 50 })]
    [InlineData("7", new[] { 7 })]
    [InlineData("100", new[] { 100 })]
    [InlineData("101", new[] { 100, 1 })]
    [InlineData("9007199254740992", new[] { 100, 100, 100, 100 })]
    public async Task Limit_FromTheCaller_CapsTheWholeQuery(string limit, int[] sizes)
    {
        var path = fixture.Api.Serve(new PagedApi(350).HandleAsync);

        var pages = await fixture.Rest.RunAsync(
            $$"""{"path": "/{{path}}/cursor", "params": {"limit": {{limit}}, "x": [1, "a"]}, "spawner": true}""");

        Assert.Equal(sizes, pages.Select(page => page.GetProperty("params").GetProperty("limit").GetInt32()));
        Assert.StartsWith("{\"limit\":", pages[0].GetProperty("params").GetRawText(), StringComparison.Ordinal);
        Assert.Equal(
            Math.Min(350, long.Parse(limit.Trim('"'), CultureInfo.InvariantCulture)),
            pages.Sum(page => PagedApi.ItemsOf(page.GetProperty("response")).Count()));
    }

    [Fact]
    public async Task Params_BesideThoseOfThePages_StayAsTheyAreWritten()
    {
        var path = fixture.Api.Serve(new PagedApi(150).HandleAsync);

        var pages = await fixture.Rest.RunAsync(
            $$$"""{"path": "{{{path}}}/cursor", "params": { "id":1848978610960949800, "limit" : 250, "o":{"d": 1.50} }, "spawner": true}""");

        Assert.Equal(
            [
                """{ "id":1848978610960949800, "limit" : 100, "o":{"d": 1.50} ,"cursor":null}""",
                """{ "id":1848978610960949800, "limit" : 100, "o":{"d": 1.50} ,"cursor":"c100"}""",
            ],
            pages.Select(page => page.GetProperty("params").GetRawText()));
        Assert.Equal(
            [
                $"/{path}/cursor?id=1848978610960949800&limit=100&o=%7B%22d%22%3A%201.50%7D",
                $"/{path}/cursor?id=1848978610960949800&limit=100&o=%7B%22d%22%3A%201.50%7D&cursor=c100",
            ],
            fixture.Api.Calls(path));
    }

    [Theory]
    [InlineData("""{"\ud83d": 1, "cursor": CURSOR}""", "application/json", false)]
    [InlineData("\uFEFF{\"cursor\": CURSOR}", "application/json;;charset=", false)]
    [InlineData("""{"\u00fc": 1, "cursor": CURSOR}""", "application/json; charset=utf-16", true)]
    [InlineData("""{"cursor": CURSOR}""", "application/json", true)]
    public async Task Page_OddButReadable_IsNotTheEnd(string page, string contentType, bool isEncoded)
    {
        var path = fixture.Api.Serve(context =>
        {
            var json = page.Replace(
                "CURSOR", context.Request.Query.ContainsKey("cursor") ? "null" : "\"next\"", StringComparison.Ordinal);
            var bytes = contentType.EndsWith("16", StringComparison.Ordinal)
                ? System.Text.Encoding.Unicode.GetBytes(json)
                : System.Text.Encoding.UTF8.GetBytes(json);
            context.Response.ContentType = contentType;
            if (!isEncoded)
            {
                return context.Response.Body.WriteAsync(bytes).AsTask();
            }

            context.Response.Headers.ContentEncoding = "gzip";
            using var output = new MemoryStream();
            using (var gzip = new System.IO.Compression.GZipStream(output, System.IO.Compression.CompressionLevel.Fastest))
            {
                gzip.Write(bytes);
            }

            return context.Response.Body.WriteAsync(output.ToArray()).AsTask();
        });

        var pages = await fixture.Rest.RunAsync($$"""{"path": "{{path}}/x", "spawner": true}""");

        Assert.Equal([200, 200], pages.Select(result => result.GetProperty("responseStatusCode").GetInt32()));
    }

    [Fact]
    public async Task Cursor_FromTheCaller_BeginsThere()
    {
        var path = fixture.Api.Serve(new PagedApi(350).HandleAsync);

        var pages = await fixture.Rest.RunAsync(
            $$"""{"path": "{{path}}/cursor", "params": {"cursor":"c200","limit":120}, "spawner": true}""");

        Assert.Equal(
            ["""{"cursor":"c200","limit":100}""", """{"cursor":"c300","limit":20}"""],
            pages.Select(page => page.GetProperty("params").GetRawText()));
    }

    [Fact]
    public async Task Spawner_OverGrpc_BehavesTheSame()
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
                    Path = $"{path}/cursor",
                    Spawner = true,
                    Params = new Struct
                    {
                        Fields = { ["sort"] = Value.ForString("changed"), ["limit"] = Value.ForNumber(250) },
                    },
                },
            },
        });
        var results = await fixture.Rest.CollectAsync(created.Batch.Id);
        var fetched = await client.FetchBatchAsync(new FetchBatchRequest { BatchId = created.Batch.Id, After = 0 });

        Assert.Equal(results.Count, fetched.Batch.Requests.Count);
        Assert.Equal(4, fetched.Batch.TotalRequests);
        var spawner = fetched.Batch.Requests[0];
        Assert.Equal(created.Batch.Requests[0].Id, spawner.Id);
        Assert.Equal(created.Batch.Id, spawner.SpawnedBy);
        Assert.Equal(200, spawner.Response.StatusCode);
        Assert.Empty(spawner.Response.Body);
        Assert.Equal(
            [
                """{ "sort": "changed", "limit": 100, "cursor": null }""",
                """{ "sort": "changed", "limit": 100, "cursor": "c100" }""",
                """{ "sort": "changed", "limit": 50, "cursor": "c200" }""",
            ],
            fetched.Batch.Requests.Skip(1).Select(page => page.Params.ToString()));
        Assert.All(fetched.Batch.Requests.Skip(1), page => Assert.Equal(spawner.Id, page.SpawnedBy));
    }

    [Fact]
    public async Task RunningRequests_BetweenPages_NeverReachesZero()
    {
        string? id = null;
        var running = new List<int>();
        var known = new TaskCompletionSource();
        var path = fixture.Api.Serve(new PagedApi(30_000)
        {
            Before = async _ =>
            {
                await known.Task;
                running.Add((await fixture.Rest.GetAsync($"{id}/status"))
                    .GetProperty("Batch").GetProperty("runningRequests").GetInt32());
                return true;
            },
        }.HandleAsync);

        var batch = await fixture.Rest.SubmitAsync($$"""[{"path": "{{path}}/cursor", "spawner": true}]""");
        id = batch.GetProperty("id").GetString()!;
        known.SetResult();
        var records = await fixture.Rest.StreamAsync(id).ToListAsync();

        Assert.Equal(300, running.Count);
        Assert.DoesNotContain(0, running);
        // The stream ends at the moment when nothing runs any more.
        Assert.Equal(302, records.Count);
        Assert.Equal("""{"end":true,"position":301,"runningRequests":0}""", records[^1].GetRawText());
    }

    [Fact]
    public async Task FirstPage_WhileTheNextOneIsUnderWay_IsDelivered()
    {
        var fetched = new TaskCompletionSource();
        var path = fixture.Api.Serve(new PagedApi(300)
        {
            Before = async context =>
            {
                if (context.Request.Query["cursor"] == "c100")
                {
                    await fetched.Task;
                }

                return true;
            },
        }.HandleAsync);

        var batch = await fixture.Rest.SubmitAsync($$"""[{"path": "{{path}}/cursor", "spawner": true}]""");
        var records = 0;
        await foreach (var record in fixture.Rest.StreamAsync(batch.GetProperty("id").GetString()!))
        {
            if (record.GetProperty("position").GetInt64() == 2)
            {
                Assert.Equal(1, PagedApi.ItemsOf(record.GetProperty("Request").GetProperty("response")).First());
                fetched.SetResult();
            }

            records++;
        }

        Assert.Equal(5, records);
    }

    [Fact]
    public async Task Spawners_SideBySideWithOthers_AllFinish()
    {
        var path = fixture.Api.Serve(new PagedApi(1_000).HandleAsync);
        var other = fixture.Api.Serve(context => context.Response.WriteAsync("hello"));

        var batch = await fixture.Rest.SubmitAsync(
            $$"""
            [{"path": "{{path}}/cursor?q=1", "spawner": true}, {"path": "{{other}}"}, {"path": "{{path}}/cursor?q=2", "spawner": true},
             {"path": "{{other}}", "method": "POST"}, {"path": "{{path}}/cursor?q=3", "params": {"limit": 250}, "spawner": true}]
            """);
        var results = await fixture.Rest.CollectAsync(batch.GetProperty("id").GetString()!);

        var pages = results.ToLookup(result => result.GetProperty("spawnedBy").GetRawText());
        Assert.Equal(
            [10, 0, 10, 0, 3],
            batch.GetProperty("Requests").EnumerateArray().Select(request => pages[request.GetProperty("id").GetString()!].Count()));
        Assert.Equal(5, pages[batch.GetProperty("id").GetString()!].Count());
        Assert.Equal(28, results.Count);
    }

    [Fact]
    public async Task Pages_OfManySpawners_AreNotMixedUp()
    {
        var path = fixture.Api.Serve(new PagedApi(150).HandleAsync);
        const int spawners = 1_000;

        var batch = await fixture.Rest.SubmitAsync(
            $"[{string.Join(',', Enumerable.Range(0, spawners).Select(i => $$"""{"path": "{{path}}/cursor?n={{i}}", "spawner": true}"""))}]");
        var results = await fixture.Rest.CollectAsync(batch.GetProperty("id").GetString()!);

        Assert.DoesNotContain(results, result => result.GetProperty("responseStatusCode").GetInt32() != 200);
        Assert.Equal(3 * spawners, results.Count);
        var paths = batch.GetProperty("Requests").EnumerateArray().ToDictionary(
            request => request.GetProperty("id").GetString()!, request => request.GetProperty("path").GetString());
        var pages = results.Where(result => paths.ContainsKey(result.GetProperty("spawnedBy").GetRawText())).ToList();
        Assert.Equal(2 * spawners, pages.Count);
        Assert.All(pages, page => Assert.Equal(
            paths[page.GetProperty("spawnedBy").GetRawText()], page.GetProperty("path").GetString()));
    }
}
