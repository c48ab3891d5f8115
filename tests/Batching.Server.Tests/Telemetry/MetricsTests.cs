using Batching.Server.Tests.Infrastructure;
using Batching.V1;
using Grpc.Core;

namespace Batching.Server.Tests.Telemetry;

/// <summary>What is scraped after some traffic. Each gateway is a process of its own: meters are heard by everybody in theirs.</summary>
public sealed class MetricsTests
{
    private const string Canary = "c4n4ry";

    [Fact]
    public async Task Metrics_AfterTraffic_CountWhatHasHappened()
    {
        var isFree = new TaskCompletionSource();
        await using var api = await TestApi.StartAsync(async context =>
        {
            if (context.Request.Path == "/api/slow")
            {
                await isFree.Task;
            }

            context.Response.StatusCode = context.Request.Path.Value!.Split('/')[^1] switch
            {
                "missing" => 404,
                "broken" => 500,
                _ => 200,
            };
            await TestApi.JsonAsync(context, "{}");
        });
        using var data = new TemporaryDirectory();
        var url = FreePort.FindUrl();
        using var gateway = await GatewayProcess.StartAsync(new Dictionary<string, string>
        {
            ["Batch__Upstreams__0__Prefix"] = "/api",
            ["Batch__Upstreams__0__BaseAddress"] = api.Address,
            ["Batch__Upstreams__1__Prefix"] = "/down",
            ["Batch__Upstreams__1__BaseAddress"] = "http://127.0.0.1:9",
            ["Batch__DataDirectory"] = data.FullName,
            ["Batch__Operations__Url"] = url,
            ["Batch__MaxStoreBytes"] = "100000000",
            ["Batch__Quotas__KeyedBatches"] = "1",
        });
        using var operations = new RestClient(url);
        using var owner = new RestClient(gateway.Address, $"Bearer {Canary}");

        var batch = await owner.SubmitPathsAsync("api/a", "api/b", "api/c", "api/missing", "api/broken", "down/x");
        await owner.WaitUntilDoneAsync(batch.Id);
        (await owner.GetAsync($"{batch.Path}/results?after=0")).Success();
        await Assert.ThrowsAsync<RpcException>(
            async () => await gateway.Grpc.FetchBatchAsync(new FetchBatchRequest { BatchId = "5" }));
        await gateway.Grpc.ListBatchesAsync(new ListBatchesRequest());

        // While one call is under way, a stream is open, and a second keyed batch is one too many.
        var waiting = owner.PostAsync("""{"a": "/api/slow", "b": "/api/b"}""", "/api/v2/batch");
        await Eventually.BeTrueAsync(() => api.Requests.Any(request => request.Target == "/api/slow"), "the slow call is made");
        Assert.Equal(429, (await owner.PostAsync("""{"a": "/api/a"}""", "/api/v2/batch")).Status);
        var slow = await owner.SubmitPathsAsync("api/slow");
        using (await owner.OpenAsync($"{slow.Path}/results?after=0"))
        {
            var during = await UntilAsync(operations, scrape =>
                scrape.Find("batching_upstream_in_flight", ("upstream", "/api/")) == 2
                && scrape.Find("batching_stream_readers") == 1
                && scrape.Find("batching_batches", ("state", "running")) == 1);
            Assert.Equal(64, during.Find("batching_upstream_limit", ("upstream", "/api/")));
            Assert.Equal(0, during.Find("batching_upstream_in_flight", ("upstream", "/down/")));
        }

        isFree.SetResult();
        (await waiting).Success();
        await owner.WaitUntilDoneAsync(slow.Id);
        var after = await UntilAsync(operations, scrape =>
            scrape.Find("batching_upstream_in_flight", ("upstream", "/api/")) == 0
            && scrape.Find("batching_stream_readers") == 0
            && scrape.Find("batching_batches", ("state", "done")) == 2);

        Assert.Equal(4, Results("stored", "answered", "/api/"));
        Assert.Equal(1, Results("stored", "failed", "/api/", "4xx"));
        Assert.Equal(1, Results("stored", "failed", "/api/", "5xx"));
        Assert.Equal(1, Results("stored", "failed", "/down/", "UPSTREAM_UNREACHABLE"));
        Assert.Equal(2, Results("keyed", "answered", "/api/"));
        Assert.Equal(9, after.Find("batching_results_total"));
        Assert.Equal(8, after.Find("batching_request_queue_duration_seconds_count", ("upstream", "/api/")));
        Assert.Equal(1, after.Find("batching_request_queue_duration_seconds_count", ("upstream", "/down/")));
        Assert.Equal(
            after.Find("batching_commit_duration_seconds_count"), after.Find("batching_commit_changes_count"));
        Assert.True(after.Find("batching_commit_changes_sum") >= 9, after.Text);
        Assert.True(after.Find("batching_commit_size_bytes_sum") > 0, after.Text);
        Assert.True(after.Find("batching_store_size_bytes", ("state", "used")) > 0, after.Text);
        Assert.Equal(100_000_000, after.Find("batching_store_limit_bytes"));
        Assert.Equal(1, after.Find("batching_quota_refusals_total", ("limit", "Batch:Quotas:KeyedBatches")));
        Assert.Equal(1, after.Find(
            "rpc_server_call_duration_seconds_count",
            ("rpc_method", "batch.v1.BatchService/FetchBatch"),
            ("rpc_response_status_code", "INVALID_ARGUMENT")));
        Assert.Equal(1, after.Find(
            "rpc_server_call_duration_seconds_count",
            ("rpc_method", "batch.v1.BatchService/ListBatches"),
            ("rpc_response_status_code", "OK")));
        Assert.Equal(8, after.Find(
            "http_client_request_duration_seconds_count", ("server_port", $"{new Uri(api.Address).Port}")));
        Assert.True(after.Find("http_server_request_duration_seconds_count") > 0, after.Text);
        Assert.DoesNotContain(Canary, after.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(batch.Id, after.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("missing", after.Text, StringComparison.Ordinal);
        MetricsPage.AssertHasAll(after);

        double? Results(string kind, string outcome, string upstream, string error = "") => after.Find(
            "batching_results_total", ("kind", kind), ("outcome", outcome), ("upstream", upstream), ("error_type", error));
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public async Task Metrics_AreServedAtTheOperationsAddressOnly(bool hasOperations, bool metrics)
    {
        await using var api = await TestApi.StartAsync();
        var url = FreePort.FindUrl();
        string[] settings = [$"--Batch:Operations:Metrics={metrics}", .. hasOperations ? [$"--Batch:Operations:Url={url}"] : Array.Empty<string>()];
        await using var gateway = await Gateway.StartAsync(api, settings);

        Assert.Equal(404, (await gateway.Rest.GetAsync("/metrics")).Status);
        if (hasOperations)
        {
            using var operations = new RestClient(url);
            Assert.Equal(404, (await operations.GetAsync("/metrics")).Status);
        }
    }

    [Fact]
    public async Task Metrics_WithAnOperationsAddress_AreNotAtThePublicOne()
    {
        await using var api = await TestApi.StartAsync();
        var url = FreePort.FindUrl();
        await using var gateway = await Gateway.StartAsync(api, $"--Batch:Operations:Url={url}");
        using var operations = new RestClient(url);

        Assert.Equal(200, (await operations.GetAsync("/metrics")).Status);
        Assert.Equal(404, (await gateway.Rest.GetAsync("/metrics")).Status);
        Assert.Equal(404, (await gateway.Rest.SendAsync(
            HttpMethod.Get, "/metrics", addHeaders: headers => headers.Host = new Uri(url).Authority)).Status);
    }

    [Fact]
    public async Task Metrics_WithACollector_AreSentToIt()
    {
        await using var api = await TestApi.StartAsync();
        await using var collector = await Collector.StartAsync();
        using var data = new TemporaryDirectory();
        var environment = collector.EnvironmentOf(api, data);
        environment.Remove("OTEL_METRICS_EXPORTER");
        environment["OTEL_METRIC_EXPORT_INTERVAL"] = "200";
        environment["OTEL_TRACES_EXPORTER"] = "none";
        using var gateway = await GatewayProcess.StartAsync(environment);

        await gateway.Rest.WaitUntilDoneAsync((await gateway.Rest.SubmitPathsAsync("x")).Id);

        await Eventually.BeTrueAsync(
            () => collector.Exports.Any(export => export.Target == "/v1/metrics" && NamesOf(export.Body).Contains("batching.results")),
            "the collector has the metrics");
        Assert.Empty(collector.Spans);

        // The calls to the collector are no calls to an upstream.
        Assert.DoesNotContain(
            collector.Exports, export => export.Headers.ContainsKey("traceparent"));
    }

    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317", "OTEL_EXPORTER_OTLP_ENDPOINT must be an http or https URL")]
    [InlineData("OTEL_TRACES_EXPORTER", "zipkin", "OTEL_TRACES_EXPORTER must be otlp or none, not 'zipkin'")]
    public async Task Variables_ThatAreWrong_StopTheStart(string variable, string value, string message)
    {
        using var data = new TemporaryDirectory();
        var (code, output) = await ServerProgram.RunAsync(AppContext.BaseDirectory, [], new Dictionary<string, string>
        {
            ["Batch__Upstream"] = "http://127.0.0.1:9",
            ["Batch__DataDirectory"] = data.FullName,
            ["ASPNETCORE_ENVIRONMENT"] = "Production",
            ["ASPNETCORE_URLS"] = "http://127.0.0.1:0",
            [variable] = value,
        });

        Assert.Equal(78, code);
        Assert.Contains(message, output, StringComparison.Ordinal);
    }

    private static IEnumerable<string> NamesOf(byte[] export) => ProtobufFields.Read(export)
        .Messages(1)
        .SelectMany(resource => resource.Messages(2))
        .SelectMany(scope => scope.Messages(2))
        .Select(metric => metric.Text(1));

    private static async Task<Scrape> UntilAsync(RestClient operations, Predicate<Scrape> isSo)
    {
        Scrape? last = null;
        try
        {
            await Eventually.BeTrueAsync(
                async () => isSo(last = await Scrape.ReadAsync(operations)), "the metrics are as expected");
        }
        catch (TimeoutException exception)
        {
            throw new TimeoutException($"{exception.Message}\n{last?.Text}", exception);
        }

        return last!;
    }
}
