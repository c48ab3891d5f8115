using System.Globalization;
using Batching.Server.Tests.Infrastructure;
using Microsoft.AspNetCore.Http;

namespace Batching.Server.Tests.Telemetry;

/// <summary>The spans that a collector gets, and what the API is told of them.</summary>
public sealed class TraceTests
{
    private const string Trace = "0af7651916cd43dd8448eb211c80319c";
    private const string ClientSpan = "b7ad6b7169203331";
    private const string TraceParent = $"00-{Trace}-{ClientSpan}-01";
    private const string Submit = "batching.submit";
    private const string Request = "batching.request";

    [Fact]
    public async Task Trace_OfABatch_GoesFromTheClientOverTheSubmissionAndItsRequestsToTheirAttempts()
    {
        var refused = 0;
        await using var api = await TestApi.StartAsync(context =>
        {
            if (context.Request.Path == "/again" && Interlocked.Exchange(ref refused, 1) == 0)
            {
                context.Response.StatusCode = 503;
                return Task.CompletedTask;
            }

            context.Response.StatusCode = context.Request.Path == "/missing" ? 404 : 200;
            return TestApi.JsonAsync(context, "{}");
        });
        await using var collector = await Collector.StartAsync();
        using var data = new TemporaryDirectory();
        using var gateway = await GatewayProcess.StartAsync(collector.EnvironmentOf(api, data));

        var id = await SubmitAsync(gateway, """[{"path": "again"}, {"path": "missing?secret=1"}]""", TraceParent);
        await gateway.Rest.WaitUntilDoneAsync(id);

        var submission = Assert.Single(await collector.UntilSpansAsync(Submit, 1));
        Assert.Equal("batch", submission.Service);
        Assert.Equal((Trace, ClientSpan, id), (submission.TraceId, submission.ParentId, submission.Attributes["batching.batch.id"]));
        var requests = await collector.UntilSpansAsync(Request, 2);
        Assert.All(requests, request => Assert.Equal(
            (Trace, submission.Id, id, "/"),
            (request.TraceId, request.ParentId, request.Attributes["batching.batch.id"], request.Attributes["batching.upstream"])));
        Assert.Equal(2, requests.Select(request => request.Attributes["batching.request.id"]).Distinct().Count());
        Assert.Equal(["200", "404"], requests.Select(request => request.Attributes["http.response.status_code"]).Order());

        var attempts = await collector.UntilSpansAsync("GET", 3);
        Assert.Equal(3, attempts.Count);
        Assert.All(attempts, attempt => Assert.Contains(requests, request => request.Id == attempt.ParentId));
        var again = attempts.Where(attempt => attempt.Attributes["url.full"].EndsWith("/again", StringComparison.Ordinal)).ToArray();
        Assert.Equal(["503", "200"], again.OrderBy(Resends).Select(attempt => attempt.Attributes["http.response.status_code"]));
        Assert.Equal(["", "1"], again.Select(Resends).Order());
        Assert.Contains(attempts, attempt => attempt.Attributes["url.full"] == $"{api.Address}/missing?*");

        // What the API saw are these attempts, each in its own call.
        Assert.Equal(
            attempts.Select(attempt => (Path(attempt.Attributes["url.full"]), attempt.TraceParent)).Order(),
            api.Requests.Select(request => (Path(request.Target), request.Headers["traceparent"])).Order());

        static string Resends(ExportedSpan span) => span.Attributes.GetValueOrDefault("http.request.resend_count", "");
        static string Path(string target) => target[target.LastIndexOf('/')..].Split('?')[0];
    }

    [Fact]
    public async Task Trace_OfAKeyedBatch_HasItsCallsBelowIt()
    {
        await using var api = await TestApi.StartAsync();
        await using var collector = await Collector.StartAsync();
        using var data = new TemporaryDirectory();
        var environment = collector.EnvironmentOf(api, data);
        environment["OTEL_SERVICE_NAME"] = "batch of the shop";
        using var gateway = await GatewayProcess.StartAsync(environment);

        (await gateway.Rest.PostAsync("""{"a": "/x", "b": "/y"}""", "/api/v2/batch")).Success();

        var run = Assert.Single(await collector.UntilSpansAsync("batching.run", 1));
        Assert.Equal(("", "batch of the shop"), (run.ParentId, run.Service));
        var requests = await collector.UntilSpansAsync(Request, 2);
        Assert.All(requests, request => Assert.Equal((run.TraceId, run.Id), (request.TraceId, request.ParentId)));
        var attempts = await collector.UntilSpansAsync("GET", 2);
        Assert.Equal(requests.Select(request => request.Id).Order(), attempts.Select(attempt => attempt.ParentId).Order());
        Assert.Equal(
            attempts.Select(attempt => attempt.TraceParent).Order(),
            api.Requests.Select(request => request.Headers["traceparent"]).Order());
    }

    [Theory]
    [InlineData("link", 3)]
    [InlineData("numbered", 5)]
    public async Task Trace_OfPages_IsLinkedToWhatHasSpawnedThem(string path, int pages)
    {
        await using var api = await TestApi.StartAsync(AnswerPagesAsync);
        await using var collector = await Collector.StartAsync();
        using var data = new TemporaryDirectory();
        using var gateway = await GatewayProcess.StartAsync(collector.EnvironmentOf(api, data));
        var pagination = path == "link" ? "" : """, "pagination": {"style": "page", "page_count_pointer": "/page_count"}""";

        var id = await SubmitAsync(gateway, $$"""[{"path": "{{path}}", "spawner": true{{pagination}}}]""", TraceParent);
        await gateway.Rest.WaitUntilDoneAsync(id);

        var requests = await collector.UntilSpansAsync(Request, pages + 1);
        Assert.Equal(pages + 1, requests.Count);
        var submission = Assert.Single(await collector.UntilSpansAsync(Submit, 1));
        Assert.All(requests, request => Assert.Equal(submission.Id, request.ParentId));
        var spawner = Assert.Single(requests, request => request.Links.Count == 0);
        var linked = requests.Where(request => request != spawner).ToArray();
        Assert.All(linked, page => Assert.Contains(requests, cause => cause.Id == page.Links.Single()));

        // One behind the other, or side by side but for the one that shows that there are no more.
        var ofSpawner = linked.Count(page => page.Links.Single() == spawner.Id);
        Assert.True(path == "link" ? ofSpawner == 1 : ofSpawner >= pages - 1, $"{ofSpawner} pages are linked to the spawner.");
    }

    [Fact]
    public async Task Trace_OfABatchThatRunsAfterAKill_HasItsRequestsBelowTheirSubmission()
    {
        var isDead = new TaskCompletionSource();
        await using var api = await TestApi.StartAsync(async context =>
        {
            await isDead.Task;
            await TestApi.JsonAsync(context, "{}");
        });
        await using var collector = await Collector.StartAsync();
        using var data = new TemporaryDirectory();
        string id;
        ExportedSpan submission;
        using (var gateway = await GatewayProcess.StartAsync(collector.EnvironmentOf(api, data)))
        {
            id = await SubmitAsync(gateway, """[{"path": "x"}]""", traceParent: null);
            submission = Assert.Single(await collector.UntilSpansAsync(Submit, 1));
            await Eventually.BeTrueAsync(() => api.Requests.Count == 1, "the request is under way");
            await gateway.KillAsync();
        }

        isDead.SetResult();
        using var again = await GatewayProcess.StartAsync(collector.EnvironmentOf(api, data));
        await again.Rest.WaitUntilDoneAsync(id);

        var request = Assert.Single(await collector.UntilSpansAsync(Request, 1));
        Assert.Equal((submission.TraceId, submission.Id), (request.TraceId, request.ParentId));
        Assert.Equal(Assert.Single(await collector.UntilSpansAsync("GET", 1)).TraceParent, api.Requests.Last().Headers["traceparent"]);
    }

    // W3C Trace Context, "Sampled flag": what nobody has recorded does not say so.
    [Theory]
    [InlineData(TraceParent, "^00-0af7651916cd43dd8448eb211c80319c-(?!b7ad6b7169203331)[0-9a-f]{16}-00$")]
    [InlineData(null, "^00-[0-9a-f]{32}-[0-9a-f]{16}-00$")]
    public async Task Trace_ThatIsNotSampled_IsNeitherExportedNorCalledRecorded(string? traceParent, string expected)
    {
        await using var api = await TestApi.StartAsync();
        await using var collector = await Collector.StartAsync();
        using var data = new TemporaryDirectory();
        var environment = collector.EnvironmentOf(api, data);
        environment["OTEL_TRACES_SAMPLER"] = "always_off";
        using var gateway = await GatewayProcess.StartAsync(environment);

        await gateway.Rest.WaitUntilDoneAsync(await SubmitAsync(gateway, """[{"path": "x"}, {"path": "y"}]""", traceParent));
        await gateway.TerminateAsync();
        Assert.Equal(0, await gateway.WaitForExitAsync());

        Assert.Empty(collector.Exports);
        Assert.All(api.Requests, request => Assert.Matches(expected, request.Headers["traceparent"]));
        Assert.Equal(2, api.Requests.Select(request => request.Headers["traceparent"]).Distinct().Count());
        Assert.Single(api.Requests.Select(request => request.Headers["traceparent"][3..35]).Distinct());
    }

    [Fact]
    public async Task Trace_ARequestHasATraceParentOfItsOwn_LeavesIt()
    {
        const string Own = "00-11111111111111111111111111111111-2222222222222222-01";
        await using var api = await TestApi.StartAsync();
        await using var collector = await Collector.StartAsync();
        using var data = new TemporaryDirectory();
        using var gateway = await GatewayProcess.StartAsync(collector.EnvironmentOf(api, data));

        var id = await SubmitAsync(gateway, $$$"""[{"path": "x", "headers": {"traceparent": "{{{Own}}}"}}]""", TraceParent);
        await gateway.Rest.WaitUntilDoneAsync(id);

        Assert.Equal(Own, Assert.Single(api.Requests).Headers["traceparent"]);
    }

    private static async Task<string> SubmitAsync(GatewayProcess gateway, string requests, string? traceParent)
    {
        var reply = await gateway.Rest.SendAsync(HttpMethod.Post, RestClient.BatchPath, new StringContent(requests), headers =>
        {
            if (traceParent is not null)
            {
                headers.Add("traceparent", traceParent);
            }
        });
        return reply.Success().Batch.GetProperty("id").GetString()!;
    }

    private static Task AnswerPagesAsync(HttpContext context)
    {
        var page = int.Parse(context.Request.Query["page"].ToString() is { Length: > 0 } given ? given : "1", CultureInfo.InvariantCulture);
        if (context.Request.Path == "/link" && page < 3)
        {
            context.Response.Headers.Link = $"<{context.Request.Scheme}://{context.Request.Host}/link?page={page + 1}>; rel=\"next\"";
        }

        return TestApi.JsonAsync(context, $$"""{"items": [{{(page > 4 ? "" : page)}}], "page_count": 4}""");
    }
}
