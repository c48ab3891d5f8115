using System.Globalization;
using System.Text.Json;
using Batching.V1;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Http;

namespace Batching.Server.Tests.Spawning;

/// <summary>Queries that nothing is said about: each page is followed by what it shows.</summary>
[Collection(SharedSpawningGateway.Name)]
public sealed class AutoTests(SpawningFixture fixture)
{
    [Theory]
    [InlineData("""{"value": ITEMS, "@odata.nextLink": "URL"}""")]
    [InlineData("""{"count": 25, "next": "URL", "previous": null, "results": ITEMS}""")]
    [InlineData("""{"next": {"href": "URL"}, "items": ITEMS}""")]
    [InlineData("""{"links": {"next": "URL"}, "data": ITEMS}""")]
    [InlineData("""{"data": ITEMS, "paging": {"next": "URL"}}""")]
    [InlineData("""{"items": ITEMS, "nextPageToken": "TOKEN"}""")]
    [InlineData("""{"items": ITEMS, "response_metadata": {"next_cursor": "TOKEN"}}""")]
    [InlineData("""{"items": ITEMS, "cursor": "TOKEN"}""")]
    public async Task Spawner_WithNothingSaid_FindsEveryItem(string form)
    {
        var path = fixture.Api.Serve(async context =>
        {
            var query = context.Request.Query;
            var page = int.Parse(
                (query["p"].Count > 0 ? query["p"] : query["cursor"].Count > 0 ? query["cursor"] : query["pageToken"]) is [{ } text]
                    ? text
                    : "0",
                CultureInfo.InvariantCulture);
            var body = page < 4
                ? form.Replace("URL", $"{fixture.Api.Address}{context.Request.Path}?p={page + 1}", StringComparison.Ordinal)
                    .Replace("TOKEN", $"{page + 1}", StringComparison.Ordinal)
                : "{\"items\": ITEMS}";
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(body.Replace("ITEMS", $"[{page}]", StringComparison.Ordinal));
        });

        var pages = await fixture.Rest.RunAsync($$"""{"path": "{{path}}", "spawner": true}""");

        Assert.Equal([0, 1, 2, 3, 4], pages.Select(page => page.GetProperty("response").EnumerateObject()
            .Single(member => member.Value.ValueKind == JsonValueKind.Array).Value[0].GetInt32()));
    }

    // With what is detected or said; pages that are no JSON only where it is said that a header field leads on.
    [Theory]
    [InlineData("", "[{0}]", "null")]
    [InlineData("", "[{0}]", null)]
    [InlineData(""", "pagination": {"cursor_header": "x-next-cursor"}""", "id\n{0}\n", "")]
    public async Task Cursor_InAHeaderField_LeadsToEveryItem(string pagination, string form, string? last)
    {
        var path = fixture.Api.Serve(context =>
        {
            var page = int.Parse(context.Request.Query["cursor"] is [{ Length: > 0 } text] ? text : "0", CultureInfo.InvariantCulture);
            if (page < 3 || last is not null)
            {
                context.Response.Headers["X-Next-Cursor"] = page < 3 ? $"{page + 1}" : last;
            }

            context.Response.ContentType = "text/plain";
            return context.Response.WriteAsync(string.Format(CultureInfo.InvariantCulture, form, page));
        });

        var pages = await fixture.Rest.RunAsync($$"""{"path": "{{path}}", "spawner": true {{pagination}} }""");

        Assert.Equal(
            Enumerable.Range(0, 4).Select(page => string.Format(CultureInfo.InvariantCulture, form, page)),
            pages.Select(page => page.GetProperty("response").GetString()));
    }

    [Theory]
    [InlineData("link", """{"style":"link"}""")]
    [InlineData("next_url", """{"style":"next_url","next_url_pointer":"/next"}""")]
    [InlineData("cursor", """{"style":"cursor","cursor_pointer":"/cursor","cursor_param":"cursor"}""")]
    public async Task Pages_SayWhatHasLedToThem_AlsoAfterARestart(string api, string rule)
    {
        var path = fixture.Api.Serve(new PagedApi(25, maxPageSize: 10).HandleAsync);
        await using var gateway = await GatewayProcess.StartAsync(("Batch:Upstream", fixture.Api.Address));
        using var rest = new WalkClient(gateway.Address);
        var batch = await rest.SubmitAsync($$"""[{"path": "{{path}}/{{api}}", "spawner": true}]""");
        var id = batch.GetProperty("id").GetString()!;
        Assert.Equal(4, (await rest.CollectAsync(id)).Count);

        await gateway.KillAsync();
        await gateway.RestartAsync();

        var results = (await rest.GetAsync($"{id}?after=0&request_fields=pagination")).GetProperty("Batch").GetProperty("Requests");
        Assert.Equal(
            [null, null, rule, rule],
            results.EnumerateArray().Select(result => result.TryGetProperty("pagination", out var said) ? said.GetRawText() : null));
        using var channel = GrpcChannel.ForAddress(gateway.Address);
        var stream = new BatchService.BatchServiceClient(channel).FetchResults(new FetchResultsRequest { BatchId = id, After = 0 });
        var records = await stream.ResponseStream.ReadAllAsync().ToListAsync();
        Assert.Equal(
            [false, false, true, true],
            records.Where(record => record.Request is not null).Select(record => record.Request.Pagination is not null));
    }

    [Fact]
    public async Task Pages_OfAQueryWithAStyle_AreNotToldIt()
    {
        var path = fixture.Api.Serve(new PagedApi(25, maxPageSize: 10).HandleAsync);
        var batch = await fixture.Rest.SubmitAsync(
            $$"""[{"path": "{{path}}/cursor", "spawner": true, "params": {"limit": 20}, "pagination": {"style": "cursor"} }]""");
        var id = batch.GetProperty("id").GetString()!;
        await fixture.Rest.CollectAsync(id);

        var results = (await fixture.Rest.GetAsync($"{id}?after=0&request_fields=pagination,path")).GetProperty("Batch").GetProperty("Requests");

        Assert.Equal(3, results.GetArrayLength());
        Assert.All(results.EnumerateArray(), result => Assert.False(result.TryGetProperty("pagination", out _)));
    }

    [Fact]
    public async Task Limit_OfAnApiThatGivesFewerItems_CountsWhatCame()
    {
        var path = fixture.Api.Serve(new PagedApi(1_000, maxPageSize: 10).HandleAsync);

        var pages = await fixture.Rest.RunAsync($$"""{"path": "{{path}}/cursor", "params": {"limit": 25}, "spawner": true}""");

        Assert.Equal(
            Enumerable.Range(1, 25).Select(item => (long)item), pages.SelectMany(page => PagedApi.ItemsOf(page.GetProperty("response"))));
        Assert.Equal([25, 15, 5], pages.Select(page => page.GetProperty("params").GetProperty("limit").GetInt32()));
    }

    [Theory]
    [InlineData("page")]
    [InlineData("offset")]
    public async Task Api_ThatIgnoresTheParams_EndsWithAnError(string style)
    {
        var path = fixture.Api.Serve(context => context.Response.WriteAsync($"[{string.Join(',', Enumerable.Range(0, 150))}]"));

        var pages = await fixture.Rest.RunAsync(SpawnerJson.Of(path, style));

        Assert.Single(fixture.Api.Calls(path));
        Assert.Equal([200, 502], pages.Select(page => page.GetProperty("responseStatusCode").GetInt32()));
        Assert.Contains("150 items", pages[1].GetProperty("response").GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("page")]
    [InlineData("offset")]
    public async Task Api_ThatGivesAPageTwice_IsNotBelieved(string style)
    {
        var path = fixture.Api.Serve(context => context.Response.WriteAsync($"[{string.Join(',', Enumerable.Range(0, 100))}]"));

        var pages = await fixture.Rest.RunAsync(SpawnerJson.Of(path, style));

        Assert.Equal(2, fixture.Api.Calls(path).Length);
        Assert.Equal("PAGE_CYCLE", pages[1].GetProperty("response").GetProperty("error").GetString());
        Assert.Equal(2, pages.Count);
    }

    [Fact]
    public async Task Feed_WhoseLastPageIsEmptyAndNamesItself_EndsInOrder()
    {
        var path = fixture.Api.Serve(context => context.Response.WriteAsync(
            context.Request.Query["cursor"] == "c1" ? """{"changes": [], "cursor": "c1"}""" : """{"changes": [1], "cursor": "c1"}"""));

        var pages = await fixture.Rest.RunAsync($$"""{"path": "{{path}}", "spawner": true}""");

        Assert.Equal([200, 200], pages.Select(page => page.GetProperty("responseStatusCode").GetInt32()));
    }

    [Theory]
    [InlineData("cursor", """{"items": [1], "next": "/more?p=2"}""", "/next")]
    [InlineData("next_url", """{"items": [1], "@odata.nextLink": "/more?p=2"}""", "/@odata.nextLink")]
    [InlineData("link", """{"items": [1], "next_cursor": "c"}""", "/next_cursor")]
    [InlineData("auto", """{"items": [1], "has_more": true}""", "/has_more")]
    [InlineData("auto", """{"items": [1], "next": "token"}""", "/next")]
    [InlineData("auto", """{"items": [1], "paging": {"next": {"after": "7"}}}""", "/paging/next")]
    public async Task Next_ThatTheStyleDoesNotFollow_IsNamed(string style, string body, string place)
    {
        var path = fixture.Api.Serve(context => context.Response.WriteAsync(body));

        var pages = await fixture.Rest.RunAsync(SpawnerJson.Of(path, style));

        Assert.Equal([200, 502], pages.Select(page => page.GetProperty("responseStatusCode").GetInt32()));
        Assert.Equal("BAD_NEXT_PAGE", pages[1].GetProperty("response").GetProperty("error").GetString());
        Assert.Contains($"'{place}'", pages[1].GetProperty("response").GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Size_InThePath_IsSentAsItIs()
    {
        var path = fixture.Api.Serve(new PagedApi(120).HandleAsync);

        var pages = await fixture.Rest.RunAsync($$"""{"path": "{{path}}/cursor?limit=50", "spawner": true}""");

        Assert.Equal(120, pages.Sum(page => PagedApi.ItemsOf(page.GetProperty("response")).Count()));
        Assert.Equal(
            [$"/{path}/cursor?limit=50", $"/{path}/cursor?limit=50&cursor=c50", $"/{path}/cursor?limit=50&cursor=c100"],
            fixture.Api.Calls(path));
    }

    [Fact]
    public async Task Page_IsAskedForAsJson_AndTellsWhereTheApiIs()
    {
        var accepted = new List<string>();
        var path = fixture.Api.Serve(context =>
        {
            var headers = context.Request.Headers;
            accepted.Add($"{headers.Accept}|{headers["X-Forwarded-Host"]}|{headers["X-Forwarded-Proto"]}|{headers["X-Forwarded-Prefix"]}");
            return context.Response.WriteAsync("{}");
        });

        await fixture.Rest.RunAsync($$"""{"path": "{{path}}", "spawner": true}""");
        await fixture.Rest.RunAsync($$"""{"path": "{{path}}", "spawner": true, "headers": {"Accept": "text/csv"} }""");

        var host = new Uri(fixture.Api.Address).Authority;
        Assert.Equal([$"application/json, */*;q=0.8|{host}|http|", $"text/csv|{host}|http|"], accepted);
    }
}
