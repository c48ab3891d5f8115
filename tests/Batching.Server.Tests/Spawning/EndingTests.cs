using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Batching.Server.Tests.Spawning;

/// <summary>The ways a query can end that are none it should.</summary>
[Collection(SharedSpawningGateway.Name)]
public sealed class EndingTests(SpawningFixture fixture)
{
    [Theory]
    [InlineData("\"a\"")]
    [InlineData("7")]
    public async Task Cursor_SeenBefore_EndsWithPageCycle(string cursor)
    {
        var path = fixture.Api.Serve(context => context.Response.WriteAsync($$"""{"items": [1], "cursor": {{cursor}}}"""));

        var pages = await fixture.Rest.RunAsync(SpawnerJson.Of(path, "cursor"));

        // The items of the second page are those of the first one: they are not given once more.
        Assert.Equal(2, pages.Count);
        Assert.Equal(2, fixture.Api.Calls(path).Length);
        AssertEnd(pages[1], "PAGE_CYCLE");
        Assert.Equal(cursor.Trim('"'), pages[1].GetProperty("params").GetProperty("cursor").GetString());
    }

    [Fact]
    public async Task Cursors_ThatGoRound_EndWithPageCycle()
    {
        var path = fixture.Api.Serve(context => context.Response.WriteAsync(
            context.Request.Query["cursor"] == "b" ? """{"cursor": "c"}"""
            : context.Request.Query["cursor"] == "c" ? """{"cursor": "a"}""" : """{"cursor": "b"}"""));

        var pages = await fixture.Rest.RunAsync(SpawnerJson.Of(path, "cursor", parameters: "\"cursor\": \"a\""));

        Assert.Equal(4, pages.Count);
        AssertEnd(pages[3], "PAGE_CYCLE");
    }

    [Theory]
    [InlineData("link")]
    [InlineData("next_url")]
    public async Task Url_SeenBefore_EndsWithPageCycle(string style)
    {
        var path = fixture.Api.Serve(context =>
        {
            var next = context.Request.Query["p"] == "1" ? "?p=2" : "?p=1";
            context.Response.Headers.Link = $"<{next}>; rel=next";
            return context.Response.WriteAsync($$"""{"next": "{{next}}"}""");
        });

        var pages = await fixture.Rest.RunAsync(SpawnerJson.Of(path, style));

        Assert.Equal(4, pages.Count);
        Assert.Equal(3, fixture.Api.Calls(path).Length);
        AssertEnd(pages[3], "PAGE_CYCLE");
        Assert.Equal($"/{path}/{style}?p=1", pages[3].GetProperty("path").GetString());
    }

    [Theory]
    [InlineData("cursor", """{"cursor": true}""")]
    [InlineData("cursor", """{"cursor": ["a"]}""")]
    [InlineData("cursor", """{"cursor": {"a": 1}}""")]
    [InlineData("cursor", "<html>hello</html>")]
    [InlineData("cursor", """{"items": [1, 2""")]
    [InlineData("next_url", """{"next": false}""")]
    [InlineData("next_url", "hello")]
    [InlineData("page", "hello")]
    [InlineData("page", """{"items": 7}""")]
    [InlineData("page", "7")]
    [InlineData("offset", """{"error": "none"}""")]
    public async Task Page_ThatDoesNotSayWhatIsNext_EndsWithBadNextPage(string style, string body)
    {
        var path = fixture.Api.Serve(context => context.Response.WriteAsync(body));

        var pages = await fixture.Rest.RunAsync(SpawnerJson.Of(path, style));

        Assert.Equal(2, pages.Count);
        Assert.Single(fixture.Api.Calls(path));
        Assert.Equal(200, pages[0].GetProperty("responseStatusCode").GetInt32());
        AssertEnd(pages[1], "BAD_NEXT_PAGE");
        Assert.Equal(pages[0].GetProperty("params").GetRawText(), pages[1].GetProperty("params").GetRawText());
    }

    [Theory]
    [InlineData("cursor", "")]
    [InlineData("cursor", "{}")]
    [InlineData("cursor", """{"cursor": null}""")]
    [InlineData("cursor", """{"cursor": ""}""")]
    [InlineData("cursor", "[1, 2]")]
    [InlineData("next_url", """{"next": ""}""")]
    [InlineData("link", "no JSON, and none needed")]
    [InlineData("page", "")]
    [InlineData("page", "[]")]
    [InlineData("page", """{"count": 0, "items": []}""")]
    public async Task Page_WithoutANextOne_EndsTheQuery(string style, string body)
    {
        var path = fixture.Api.Serve(context => context.Response.WriteAsync(body));

        var pages = await fixture.Rest.RunAsync(SpawnerJson.Of(path, style));

        Assert.Equal(200, Assert.Single(pages).GetProperty("responseStatusCode").GetInt32());
    }

    [Theory]
    [InlineData("link", "http://127.0.0.1:1/x")]
    [InlineData("link", "//example.com/x")]
    [InlineData("link", "https://example.com/x")]
    [InlineData("link", "file:///etc/passwd")]
    [InlineData("next_url", "http://127.0.0.1:1/x")]
    [InlineData("next_url", "\\\\\\\\example.com/x")]
    [InlineData("next_url", "http://user:secret@HOST/x")]
    [InlineData("next_url", "https://HOST/x")]
    [InlineData("next_url", "http://HOST.example.com/x")]
    [InlineData("next_url", "javascript:alert(1)")]
    public async Task Next_AtAnotherHost_EndsWithBadNextPage(string style, string next)
    {
        next = next.Replace("HOST", new Uri(fixture.Api.Address).Authority, StringComparison.Ordinal);
        var path = fixture.Api.Serve(context =>
        {
            context.Response.Headers.Link = $"<{next}>; rel=next";
            return context.Response.WriteAsync($$"""{"next": "{{next}}"}""");
        });

        var pages = await fixture.Rest.RunAsync(SpawnerJson.Of(path, style));

        Assert.Equal(2, pages.Count);
        Assert.Single(fixture.Api.Calls(path));
        AssertEnd(pages[1], "BAD_NEXT_PAGE");
    }

    [Fact]
    public async Task Next_AbsoluteAtTheUpstream_IsFollowed()
    {
        var path = fixture.Api.Serve(context => context.Response.WriteAsync(context.Request.Query["p"] == "2"
            ? "{}"
            : $$"""{"next": "{{fixture.Api.Address}}{{context.Request.Path}}/deeper?p=2"}"""));

        var pages = await fixture.Rest.RunAsync(SpawnerJson.Of(path, "next_url"));

        Assert.Equal(2, pages.Count);
        Assert.Equal($"/{path}/next_url/deeper?p=2", fixture.Api.Calls(path)[1]);
    }

    [Theory]
    [InlineData(500, 1)]
    [InlineData(503, 3)]
    [InlineData(404, 1)]
    [InlineData(302, 1)]
    public async Task Page_ThatFails_EndsTheChainWithItsOwnResult(int statusCode, int calls)
    {
        var path = fixture.Api.Serve(new PagedApi(1_000)
        {
            Before = context =>
            {
                var fails = context.Request.Query["cursor"] == "c200";
                context.Response.StatusCode = fails ? statusCode : 200;
                return Task.FromResult(!fails);
            },
        }.HandleAsync);

        var pages = await fixture.Rest.RunAsync(SpawnerJson.Of(path, "cursor"));

        Assert.Equal([200, 200, statusCode], pages.Select(page => page.GetProperty("responseStatusCode").GetInt32()));
        Assert.Equal(calls, fixture.Api.Calls(path).Count(call => call.Contains("c200", StringComparison.Ordinal)));

        // Its params are those with which another spawner goes on.
        fixture.Api.ServeAt(path, new PagedApi(1_000).HandleAsync);
        var rest = await fixture.Rest.RunAsync(SpawnerJson.Of(
            path, "cursor", parameters: pages[2].GetProperty("params").GetRawText()[1..^1]));
        // Its limit is that of a page, which for a new query is the whole of it.
        Assert.Equal(201, PagedApi.ItemsOf(Assert.Single(rest).GetProperty("response")).First());
    }

    [Fact]
    public async Task Page_ThatFailsOnce_IsTriedAgain()
    {
        var failures = 0;
        var path = fixture.Api.Serve(new PagedApi(500)
        {
            Before = context =>
            {
                var fails = context.Request.Query["cursor"] == "c200" && Interlocked.Increment(ref failures) == 1;
                context.Response.StatusCode = fails ? 503 : 200;
                return Task.FromResult(!fails);
            },
        }.HandleAsync);

        var pages = await fixture.Rest.RunAsync(SpawnerJson.Of(path, "cursor"));

        Assert.Equal(5, pages.Count);
        Assert.Equal(500, pages.Sum(page => PagedApi.ItemsOf(page.GetProperty("response")).Count()));
    }

    [Fact]
    public async Task Page_ThatFailsInAFanOut_LeavesTheOthersAlone()
    {
        var path = fixture.Api.Serve(new PagedApi(950)
        {
            Before = context =>
            {
                var fails = context.Request.Query["page"] == "3";
                context.Response.StatusCode = fails ? 500 : 200;
                return Task.FromResult(!fails);
            },
        }.HandleAsync);

        var pages = await fixture.Rest.RunAsync(SpawnerJson.Of(path, "page", "\"total_pointer\": \"/total\""));

        Assert.Equal(10, pages.Count);
        var failed = Assert.Single(pages, page => page.GetProperty("responseStatusCode").GetInt32() == 500);
        Assert.Equal(3, failed.GetProperty("params").GetProperty("page").GetInt32());
    }

    [Fact]
    public async Task FirstPage_Missing_IsTheOnlyOne()
    {
        var pages = await fixture.Rest.RunAsync("""{"path": "nothing/there", "spawner": true}""");

        Assert.Equal(404, Assert.Single(pages).GetProperty("responseStatusCode").GetInt32());
    }

    // Too high: pages behind the end are empty. Too low, or one that can't be: the pages themselves show the end.
    [Theory]
    [InlineData("page", 1_500, false, 15)]
    [InlineData("page", 1_500, true, 11)]
    [InlineData("offset", 1_500, false, 15)]
    [InlineData("offset", 1_500, true, 11)]
    [InlineData("page", 350, false, 11)]
    [InlineData("offset", 350, false, 11)]
    [InlineData("page", 0, false, 11)]
    [InlineData("offset", 0, true, 11)]
    [InlineData("page", -1, false, 11)]
    [InlineData("offset", -1, false, 11)]
    public async Task Total_ThatLies_HasItsDocumentedOutcome(string style, int total, bool sequential, int pageCount)
    {
        var path = fixture.Api.Serve(new PagedApi(1_000) { Total = total }.HandleAsync);

        var pages = await fixture.Rest.RunAsync(SpawnerJson.Of(
            path, style, $"\"total_pointer\": \"/total\", \"sequential\": {(sequential ? "true" : "false")}"));

        Assert.Equal(pageCount, pages.Count);
        Assert.All(pages, page => Assert.Equal(200, page.GetProperty("responseStatusCode").GetInt32()));
        Assert.Equal(
            Enumerable.Range(1, 1_000).Select(item => (long)item),
            pages.SelectMany(page => PagedApi.ItemsOf(page.GetProperty("response"))).Order());
    }

    [Theory]
    [InlineData("page")]
    [InlineData("offset")]
    public async Task Total_Enormous_IsCutAtThePageLimit(string style)
    {
        var path = fixture.Api.Serve(new PagedApi(1_000) { Total = long.MaxValue }.HandleAsync);

        var pages = await fixture.Rest.RunAsync(SpawnerJson.Of(
            path, style, "\"total_pointer\": \"/total\", \"max_pages\": 20"));

        Assert.Equal(21, pages.Count);
        AssertEnd(Assert.Single(pages, page => page.GetProperty("responseStatusCode").GetInt32() != 200), "PAGE_LIMIT");
    }

    [Theory]
    [InlineData("cursor", "")]
    [InlineData("link", "")]
    [InlineData("next_url", "")]
    [InlineData("page", "")]
    [InlineData("offset", "")]
    [InlineData("page", ", \"total_pointer\": \"/total\"")]
    [InlineData("offset", ", \"total_pointer\": \"/total\"")]
    [InlineData("page", ", \"total_pointer\": \"/total\", \"sequential\": true")]
    public async Task MaxPages_Exceeded_EndsOnceWithPageLimit(string style, string total)
    {
        var path = fixture.Api.Serve(new PagedApi(1_000).HandleAsync);

        var pages = await fixture.Rest.RunAsync(SpawnerJson.Of(path, style, $"\"max_pages\": 4{total}"));

        Assert.Equal(5, pages.Count);
        Assert.Equal(4, fixture.Api.Calls(path).Length);
        var end = Assert.Single(pages, page => page.GetProperty("responseStatusCode").GetInt32() != 200);
        AssertEnd(end, "PAGE_LIMIT");

        // It names the page to go on with.
        var parameters = end.TryGetProperty("params", out var given) ? given.GetRawText() : "{}";
        var more = await fixture.Rest.RunAsync($$"""
            {"path": "{{end.GetProperty("path").GetString()}}", "spawner": true, "params": {{parameters}},
             "pagination": {"style": "{{style}}"} }
            """);
        if (style is "link" or "next_url")
        {
            Assert.Equal(600, more.Sum(page => PagedApi.ItemsOf(page.GetProperty("response")).Count()));
        }
        else
        {
            Assert.Equal(401, PagedApi.ItemsOf(more[0].GetProperty("response")).First());
        }
    }

    [Fact]
    public async Task MaxPages_AsManyAsThereAre_IsNoFailure()
    {
        var path = fixture.Api.Serve(new PagedApi(400).HandleAsync);

        var pages = await fixture.Rest.RunAsync(SpawnerJson.Of(path, "cursor", "\"max_pages\": 4"));

        Assert.Equal([200, 200, 200, 200], pages.Select(page => page.GetProperty("responseStatusCode").GetInt32()));
    }

    [Fact]
    public async Task Offsets_Beyond2To31_GoOn()
    {
        var path = fixture.Api.Serve(context => context.Response.WriteAsync(
            long.Parse(context.Request.Query["offset"]!, CultureInfo.InvariantCulture) is var offset and < 2_147_483_900
                ? $"[{offset}, 2]"
                : "[]"));

        var pages = await fixture.Rest.RunAsync(SpawnerJson.Of(
            path, "offset", "\"page_size\": 2", "\"offset\": 2147483640, \"limit\": 16"));

        Assert.Equal(
            Enumerable.Range(0, 8).Select(i => 2_147_483_640 + (2L * i)),
            pages.Select(page => page.GetProperty("params").GetProperty("offset").GetInt64()));
    }

    [Fact]
    public async Task Cursor_BehindALargeBody_IsFound()
    {
        var large = new string('x', 18_000_000);
        var path = fixture.Api.Serve(context => context.Response.WriteAsync(
            context.Request.Query.ContainsKey("cursor") ? "{}" : $$"""{"items": [{"cursor": "no", "text": "{{large}}"}], "cursor": "c"}"""));

        var batch = await fixture.Rest.SubmitAsync($"[{SpawnerJson.Of(path, "cursor")}]");
        var results = await fixture.Rest.CollectAsync(batch.GetProperty("id").GetString()!);

        Assert.Equal(3, results.Count);
        Assert.EndsWith("cursor=c", fixture.Api.Calls(path)[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cursor_TooLongForAPath_EndsWithBadNextPage()
    {
        var path = fixture.Api.Serve(context => context.Response.WriteAsync($$"""{"cursor": "{{new string('c', 9_000)}}"}"""));

        var pages = await fixture.Rest.RunAsync(SpawnerJson.Of(path, "cursor"));

        Assert.Equal(2, pages.Count);
        AssertEnd(pages[1], "BAD_NEXT_PAGE");
    }

    [Theory]
    [InlineData("""{"path": "x", "method": "POST", "spawner": true}""", "[0].spawner")]
    [InlineData("""{"path": "x", "method": "HEAD", "spawner": true}""", "[0].spawner")]
    [InlineData("""{"path": "x", "spawner": true, "body": {}}""", "[0].body")]
    [InlineData("""{"path": "x", "spawner": true, "params": {"limit": 0}}""", "[0].params[limit]")]
    [InlineData("""{"path": "x", "spawner": true, "params": {"limit": -1}}""", "[0].params[limit]")]
    [InlineData("""{"path": "x", "spawner": true, "params": {"limit": 1.5}}""", "[0].params[limit]")]
    [InlineData("""{"path": "x", "spawner": true, "params": {"limit": "many"}}""", "[0].params[limit]")]
    [InlineData("""{"path": "x", "pagination": {"style": "page"}}""", "[0].pagination")]
    [InlineData("""{"path": "x", "spawner": true, "pagination": {"style": "pages"}}""", "[0].pagination.style")]
    [InlineData("""{"path": "x", "spawner": true, "pagination": {"style": 1}}""", "[0].pagination.style")]
    [InlineData("""{"path": "x", "spawner": true, "pagination": {"page_size": 0}}""", "[0].pagination.page_size")]
    [InlineData("""{"path": "x", "spawner": true, "pagination": {"page_size": "9"}}""", "[0].pagination.page_size")]
    [InlineData("""{"path": "x", "spawner": true, "pagination": {"max_pages": 10001}}""", "[0].pagination.max_pages")]
    [InlineData("""{"path": "x", "spawner": true, "pagination": {"cursor_pointer": "cursor"}}""", "[0].pagination.cursor_pointer")]
    [InlineData("""{"path": "x", "spawner": true, "pagination": {"cursor_param": ""}}""", "[0].pagination.cursor_param")]
    [InlineData("""{"path": "x", "spawner": true, "pagination": []}""", "[0].pagination")]
    [InlineData("""{"path": "x", "spawner": 7}""", "[0].spawner")]
    [InlineData("""{"path": "x?page=1", "spawner": true, "pagination": {"style": "page"}}""", "[0].path")]
    [InlineData("""{"path": "x?cursor=10", "spawner": true}""", "[0].path")]
    [InlineData("""{"path": "x", "spawner": true, "params": {"offset": -1}, "pagination": {"style": "offset"}}""", "[0].params[offset]")]
    [InlineData("""{"path": "x", "spawner": true, "params": {"offset": 1.5}, "pagination": {"style": "offset"}}""", "[0].params[offset]")]
    [InlineData("""{"path": "x", "spawner": true, "params": {"page": "x"}, "pagination": {"style": "page"}}""", "[0].params[page]")]
    public async Task Spawner_ThatCannotWork_IsRefused(string spawner, string field)
    {
        var (status, body) = await fixture.Rest.PostAsync($"[{spawner}]");

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal([field], body.GetProperty("errors").EnumerateArray().Select(error => error.GetProperty("field").GetString()));
    }

    private static void AssertEnd(JsonElement page, string error)
    {
        Assert.Equal(502, page.GetProperty("responseStatusCode").GetInt32());
        Assert.Equal(error, page.GetProperty("response").GetProperty("error").GetString());
        Assert.NotEmpty(page.GetProperty("response").GetProperty("message").GetString()!);
    }
}
