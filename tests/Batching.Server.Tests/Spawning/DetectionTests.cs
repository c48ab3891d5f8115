using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Batching.V1;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Http;

namespace Batching.Server.Tests.Spawning;

/// <summary>Spawners that are tried without being run.</summary>
[Collection(SharedSpawningGateway.Name)]
public sealed class DetectionTests(SpawningFixture fixture)
{
    private const string PostWalk =
        """
        {"cursor_pointer": "/next_after", "cursor_target": "body", "cursor_body_pointer": "/after", "safe": true}
        """;

    [Theory]
    [InlineData("""{"value": [1, 2], "@odata.nextLink": "?p=2"}""", "next_url", "/@odata.nextLink", "?p=2", 2, "odata")]
    [InlineData("""{"count": 3, "next": "?p=2", "results": [1]}""", "next_url", "/next", "?p=2", 1, "drf")]
    [InlineData("""{"next": {"href": "?p=2"}, "items": [1]}""", "next_url", "/next", "?p=2", 1, null)]
    [InlineData("""{"data": [1], "links": {"next": "?p=2"}}""", "next_url", "/links/next", "?p=2", 1, "jsonapi")]
    [InlineData("""{"items": [1], "nextPageToken": "t 2"}""", "cursor", "/nextPageToken", "?limit=100&pageToken=t%202", 1, "google")]
    [InlineData("""{"items": [1], "cursor": 7}""", "cursor", "/cursor", "?limit=100&cursor=7", 1, null)]
    public async Task Page_ThatShowsTheNextOne_IsFollowed(
        string body, string style, string rule, string next, int items, string? preset)
    {
        var path = fixture.Api.Serve(context => context.Response.WriteAsync(body));

        var page = await DetectAsync($"path={path}");

        Assert.Equal(200, page.GetProperty("responseStatusCode").GetInt32());
        Assert.Equal((style, rule), (page.GetProperty("style").GetString(), page.GetProperty("rule").GetString()));
        Assert.Equal($"/{path}{next}", page.GetProperty("next").GetProperty("path").GetString());
        Assert.Equal("GET", page.GetProperty("next").GetProperty("method").GetString());
        Assert.Equal(items, page.GetProperty("items").GetInt32());
        Assert.Equal(preset, page.TryGetProperty("preset", out var name) ? name.GetString() : null);
        Assert.False(page.TryGetProperty("error", out _));
        Assert.Single(fixture.Api.Calls(path));
    }

    // Every style, and what is detected of it: the walk with what is to be kept is the walk that was begun.
    [Theory]
    [InlineData("link", "", "link", "Link")]
    [InlineData("next_url", "", "next_url", "/next")]
    [InlineData("cursor", "", "cursor", "/cursor")]
    [InlineData("cursor", """{"style": "cursor"}""", "cursor", "/cursor")]
    [InlineData("page", """{"style": "page", "total_pointer": "/total"}""", "page", "page")]
    [InlineData("page", """{"style": "page", "page_count_pointer": "/pages", "sequential": true, "page_size": 50}""", "page", "page")]
    [InlineData("offset", """{"style": "offset", "total_header": "X-Total-Count"}""", "offset", "offset")]
    [InlineData("offset", """{"style": "offset"}""", "offset", "offset")]
    public async Task Pagination_ThatIsToBeKept_FindsEveryItem(string api, string pagination, string style, string rule)
    {
        var path = fixture.Api.Serve(new PagedApi(250, maxPageSize: 100).HandleAsync);
        var page = await DetectAsync($"path={path}/{api}&pagination={Uri.EscapeDataString(pagination)}");
        var tried = fixture.Api.Calls(path);

        var pages = await fixture.Rest.RunAsync(
            $$"""{"path": "{{path}}/{{api}}", "spawner": true, "pagination": {{page.GetProperty("pagination")}} }""");

        Assert.Equal(
            Enumerable.Range(1, 250).Select(item => (long)item),
            pages.SelectMany(result => PagedApi.ItemsOf(result.GetProperty("response"))).Order());
        Assert.Equal((style, rule), (page.GetProperty("style").GetString(), page.GetProperty("rule").GetString()));
        Assert.Single(tried);
        Assert.Contains(page.GetProperty("next").GetProperty("path").GetString(), fixture.Api.Calls(path)[1..]);
    }

    [Fact]
    public async Task Cursor_InAHeaderField_IsFollowed()
    {
        var path = fixture.Api.Serve(context =>
        {
            context.Response.Headers["X-Next-Cursor"] = "c=";
            return context.Response.WriteAsync("[1, 2]");
        });

        var page = await DetectAsync($"path={path}");

        Assert.Equal("X-Next-Cursor", page.GetProperty("rule").GetString());
        Assert.Equal($"/{path}?limit=100&cursor=c%3D", page.GetProperty("next").GetProperty("path").GetString());
        Assert.Equal(
            """{"style":"cursor","cursor_param":"cursor","cursor_header":"X-Next-Cursor"}""", page.GetProperty("pagination").GetRawText());
    }

    [Fact]
    public async Task Ranges_AreAskedForInAHeaderField()
    {
        var path = fixture.Api.Serve(context =>
        {
            Assert.Equal("items=0-99", context.Request.Headers.Range);
            context.Response.StatusCode = 206;
            context.Response.Headers.ContentRange = "items 0-1/5";
            return context.Response.WriteAsync("[1, 2]");
        });

        var page = await DetectAsync($"path={path}&pagination=%7B%22style%22:%22range%22%7D");

        Assert.Equal(206, page.GetProperty("responseStatusCode").GetInt32());
        Assert.Equal("Range", page.GetProperty("rule").GetString());
        Assert.Equal($"/{path}", page.GetProperty("next").GetProperty("path").GetString());
        Assert.Equal("items=2-3", page.GetProperty("next").GetProperty("headers").GetProperty("Range").GetString());
    }

    [Fact]
    public async Task Page_ThatShowsNoNextOne_IsTheLast()
    {
        var path = fixture.Api.Serve(context => context.Response.WriteAsync("""{"items": [1, 2, 3]}"""));

        var page = await DetectAsync($"path={path}");

        Assert.Equal("""{"responseStatusCode":200,"items":3,"style":"auto"}""", page.GetRawText());
    }

    [Theory]
    [InlineData("""{"items": [1], "has_more": true}""", "", "BAD_NEXT_PAGE", "'/has_more'")]
    [InlineData("""{"items": [1], "next": "http://elsewhere.test/x?p=2"}""", "", "BAD_NEXT_PAGE", "elsewhere.test")]
    [InlineData("no JSON", "", "BAD_NEXT_PAGE", "not valid JSON")]
    [InlineData("""{"items": [1, 2], "cursor": "c"}""", """{"max_pages": 1}""", "PAGE_LIMIT", "more than 1 pages")]
    public async Task Page_ThatEndsTheWalkWithAnError_SaysWhich(string body, string pagination, string error, string message)
    {
        var path = fixture.Api.Serve(context => context.Response.WriteAsync(body));

        var page = await DetectAsync($"path={path}&pagination={Uri.EscapeDataString(pagination)}");

        Assert.Equal(200, page.GetProperty("responseStatusCode").GetInt32());
        Assert.Equal(error, page.GetProperty("error").GetProperty("error").GetString());
        Assert.Contains(message, page.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.False(page.TryGetProperty("next", out _));
    }

    [Fact]
    public async Task Page_WithAnErrorOfTheApi_IsItsOwnAnswer()
    {
        var page = await DetectAsync("path=nothing/here&pagination=odata");

        Assert.Equal(
            """
            {"responseStatusCode":404,"style":"next_url","pagination":{"style":"next_url","next_url_pointer":"/@odata.nextLink","items_pointer":"/value"},"preset":"odata"}
            """.Trim(),
            page.GetRawText());
    }

    [Fact]
    public async Task Page_LargerThanTheLimit_IsAnError()
    {
        var path = fixture.Api.Serve(context => context.Response.WriteAsync(new string(' ', 20_000_001)));

        var page = await DetectAsync($"path={path}");

        Assert.Equal(502, page.GetProperty("responseStatusCode").GetInt32());
        Assert.Equal("RESPONSE_TOO_LARGE", page.GetProperty("error").GetProperty("error").GetString());
        Assert.False(page.TryGetProperty("items", out _));
    }

    [Fact]
    public async Task Page_ThatTakesTooLong_IsAnError()
    {
        await using var gateway = await GatewayProcess.StartAsync(
            ("Batch:Upstream", fixture.Api.Address), ("Batch:Keyed:CallTimeout", "00:00:00.050"));
        using var rest = new WalkClient(gateway.Address);
        var path = fixture.Api.Serve(context => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted));

        var page = (await rest.GetAsync($"pagination?path={path}")).GetProperty("Page");

        Assert.Equal(504, page.GetProperty("responseStatusCode").GetInt32());
        Assert.Equal("UPSTREAM_TIMEOUT", page.GetProperty("error").GetProperty("error").GetString());
    }

    [Theory]
    [InlineData("", "path")]
    [InlineData("path=http://elsewhere.test/x", "path")]
    [InlineData("path=api/v0/batch", "path")]
    [InlineData("path=x%3Fcursor=1", "path")]
    [InlineData("path=x&pagination=nobody", "pagination.preset")]
    [InlineData("path=x&pagination=%7B%22style%22:%22s%22%7D", "pagination.style")]
    [InlineData("path=x&pagination=%7B%22next_url_pointer%22:%22n%22%7D", "pagination.next_url_pointer")]
    [InlineData("path=x&pagination=%7B", "pagination")]
    [InlineData("path=x&pagination=elasticsearch", "pagination.cursor_target")]
    public async Task Request_ThatNoSpawnerCouldBe_IsRefusedAndNotMade(string query, string field)
    {
        var reply = await fixture.Rest.GetAsync($"pagination?{query}");

        Assert.Equal(400, reply.GetProperty("statusCode").GetInt32());
        Assert.Contains(field, reply.GetProperty("errors").EnumerateArray().Select(error => error.GetProperty("field").GetString()));
    }

    [Theory]
    [InlineData("", "body")]
    [InlineData("[]", "body")]
    [InlineData("""{"path": 1}""", "path")]
    [InlineData("""{"path": "x", "method": "PUT"}""", "spawner")]
    [InlineData("""{"path": "x", "headers": {"Host": "y"} }""", "headers[Host]")]
    [InlineData("""{"path": "x"} {}""", "body")]
    public async Task Body_ThatNoSpawnerCouldBe_IsRefused(string body, string field)
    {
        var (status, reply) = await fixture.Rest.PostAsync(body, "/pagination");

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal(field, reply.GetProperty("errors")[0].GetProperty("field").GetString());
    }

    [Fact]
    public async Task PostWalk_OverV0_ShowsTheNextBody()
    {
        var path = ServePostWalk();

        var (_, reply) = await fixture.Rest.PostAsync(
            $$"""{"path": "{{path}}", "method": "post", "body": {"size": 1.50}, "pagination": {{PostWalk}} }""", "/pagination");

        var page = reply.GetProperty("Page");
        Assert.Equal(
            $$"""{"path":"/{{path}}","method":"POST","body":{"size": 1.50,"after":2} }""".Replace(" }", "}", StringComparison.Ordinal), page.GetProperty("next").GetRawText());
        Assert.Equal("/next_after", page.GetProperty("rule").GetString());
        Assert.Equal(
            """{"style":"cursor","cursor_pointer":"/next_after","cursor_target":"body","cursor_body_pointer":"/after","safe":true}""",
            page.GetProperty("pagination").GetRawText());
    }

    [Fact]
    public async Task PostWalk_OverV1_ShowsTheNextBody()
    {
        var path = ServePostWalk();
        using var http = new HttpClient { BaseAddress = new Uri(fixture.Gateway.Address) };

        using var reply = await http.PostAsJsonAsync("/api/v1/batches:detectPagination", new
        {
            request = new
            {
                path,
                method = "POST",
                body = "{}"u8.ToArray(),
                pagination = new
                {
                    cursorPointer = "/next_after",
                    cursorTarget = "CURSOR_TARGET_BODY",
                    cursorBodyPointer = "/after",
                    safe = true,
                },
            },
        });

        using var page = JsonDocument.Parse(await reply.Content.ReadAsStringAsync());
        Assert.Equal("PAGINATION_STYLE_CURSOR", page.RootElement.GetProperty("style").GetString());
        Assert.Equal(2, page.RootElement.GetProperty("items").GetInt32());
        Assert.Equal(
            """{"after":2}"""u8.ToArray(), page.RootElement.GetProperty("nextPage").GetProperty("body").GetBytesFromBase64());
    }

    [Fact]
    public async Task PostWalk_OverGrpc_ShowsTheNextBody_UnlessItIsTooLarge()
    {
        var path = ServePostWalk();
        using var channel = OpenChannel();
        var client = new BatchService.BatchServiceClient(channel);
        var request = new Request
        {
            Path = path,
            Method = "POST",
            Body = ByteString.CopyFromUtf8("{}"),
            Pagination = new Pagination
            {
                CursorPointer = "/next_after",
                CursorTarget = CursorTarget.Body,
                CursorBodyPointer = "/after",
                Safe = true,
            },
        };

        var small = await client.DetectPaginationAsync(new DetectPaginationRequest { Request = request });
        request.Body = ByteString.CopyFromUtf8($$"""{"text": "{{new string('x', 5_000_000)}}"}""");
        var large = await client.DetectPaginationAsync(new DetectPaginationRequest { Request = request });

        Assert.Equal(("""{"after":2}""", false), (small.NextPage.Body.ToStringUtf8(), small.BodyOmitted));
        Assert.Equal(PaginationStyle.Cursor, small.Style);
        Assert.Equal((0, true), (large.NextPage.Body.Length, large.BodyOmitted));
        Assert.Equal($"/{path}", large.NextPage.Path);
    }

    [Fact]
    public async Task Error_OverGrpc_HasAReason_AndABadRequestIsRefused()
    {
        var path = fixture.Api.Serve(context => context.Response.WriteAsync("""{"items": [1], "has_more": true}"""));
        using var channel = OpenChannel();
        var client = new BatchService.BatchServiceClient(channel);

        var found = await client.DetectPaginationAsync(new DetectPaginationRequest { Request = new Request { Path = path } });
        var none = await Assert.ThrowsAsync<RpcException>(() =>
            client.DetectPaginationAsync(new DetectPaginationRequest()).ResponseAsync);
        var bad = await Assert.ThrowsAsync<RpcException>(() =>
            client.DetectPaginationAsync(new DetectPaginationRequest { Request = new Request { Path = "../x" } }).ResponseAsync);

        Assert.Equal("BAD_NEXT_PAGE", found.Error.Details.Single().Unpack<Google.Rpc.ErrorInfo>().Reason);
        Assert.Null(found.NextPage);
        Assert.Null(found.Pagination);
        Assert.Equal((StatusCode.InvalidArgument, "request is required."), (none.StatusCode, none.Status.Detail));
        Assert.StartsWith("request.path ", bad.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Caller_IsWhoCalls_AndNothingIsStored()
    {
        var seen = new List<string>();
        var path = fixture.Api.Serve(context =>
        {
            var headers = context.Request.Headers;
            seen.Add($"{headers.Authorization}|{headers["X-Own"]}|{headers["X-Forwarded-Host"]}");
            return context.Response.WriteAsync("""{"cursor": "c"}""");
        });
        using var one = new WalkClient(fixture.Gateway.Address, "detect-one");
        using var other = new WalkClient(fixture.Gateway.Address, "detect-other");

        await one.PostAsync($$"""{"path": "{{path}}", "headers": {"X-Own": "1"} }""", "/pagination");
        await other.GetAsync($"pagination?path={path}");

        var host = new Uri(fixture.Api.Address).Authority;
        Assert.Equal([$"Bearer detect-one|1|{host}", $"Bearer detect-other||{host}"], seen);
        Assert.Empty((await one.GetAsync("")).GetProperty("Batches").EnumerateArray());
        Assert.Empty((await other.GetAsync("")).GetProperty("Batches").EnumerateArray());
    }

    [Theory]
    [InlineData("OPTIONS", "/api/v0/batch/pagination", 405, 0)]
    [InlineData("PUT", "/api/v0/batch/pagination", 405, 0)]
    [InlineData("DELETE", "/api/v0/batch/pagination", 400, 0)]
    [InlineData("HEAD", "/api/v0/batch/pagination", 200, 1)]
    [InlineData("GET", "/api/v0/batch/pagination/", 200, 1)]
    [InlineData("OPTIONS", "/api/v1/batches:detectPagination", 405, 0)]
    [InlineData("GET", "/api/v1/batches:detectPagination", 405, 0)]
    [InlineData("HEAD", "/api/v1/batches:detectPagination", 405, 0)]
    public async Task Method_OfAPath_IsServedOrRefused(string method, string at, int status, int calls)
    {
        var path = fixture.Api.Serve(context => context.Response.WriteAsync("[]"));
        using var http = new HttpClient { BaseAddress = new Uri(fixture.Gateway.Address) };

        using var reply = await http.SendAsync(
            new HttpRequestMessage(new HttpMethod(method), new Uri($"{at}?path={path}", UriKind.Relative)));

        Assert.Equal((status, calls), ((int)reply.StatusCode, fixture.Api.Calls(path).Length));
    }

    private async Task<JsonElement> DetectAsync(string query)
    {
        var reply = await fixture.Rest.GetAsync($"pagination?{query}");
        Assert.True(reply.TryGetProperty("Page", out var page), reply.GetRawText());
        Assert.Equal(200, reply.GetProperty("statusCode").GetInt32());
        return page;
    }

    private string ServePostWalk() => fixture.Api.Serve(context =>
    {
        Assert.Equal("POST", context.Request.Method);
        return context.Response.WriteAsync("""{"items": [0, 1], "next_after": 2}""");
    });

    private GrpcChannel OpenChannel() =>
        GrpcChannel.ForAddress(fixture.Gateway.Address, new GrpcChannelOptions { MaxSendMessageSize = null });
}
