using Batching.Server.Tests.Infrastructure;

namespace Batching.Server.Tests.Telemetry;

/// <summary>A collector of OpenTelemetry that keeps what gateways send it.</summary>
internal sealed class Collector : IAsyncDisposable
{
    private readonly TestApi _api;

    private Collector(TestApi api) => _api = api;

    /// <summary>The spans that have come.</summary>
    public IReadOnlyList<ExportedSpan> Spans =>
        [.. _api.Requests.Where(request => request.Target == "/v1/traces").SelectMany(request => ExportedSpan.ReadAll(request.Body))];

    /// <summary>The exports that have come, of metrics and of spans.</summary>
    public IReadOnlyCollection<RecordedRequest> Exports => _api.Requests;

    public static async Task<Collector> StartAsync() => new(await TestApi.StartAsync());

    /// <summary>The environment of a gateway in front of an API that exports its spans here as soon as it can.</summary>
    public Dictionary<string, string> EnvironmentOf(TestApi api, TemporaryDirectory data) => new()
    {
        ["Batch__Upstream"] = api.Address,
        ["Batch__DataDirectory"] = data.FullName,
        ["OTEL_EXPORTER_OTLP_ENDPOINT"] = _api.Address,
        ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
        ["OTEL_BSP_SCHEDULE_DELAY"] = "100",
        ["OTEL_METRICS_EXPORTER"] = "none",
    };

    /// <summary>Waits until so many spans of one name have come.</summary>
    public async Task<IReadOnlyList<ExportedSpan>> UntilSpansAsync(string name, int count)
    {
        await Eventually.BeTrueAsync(() => Find().Count >= count, $"the collector has {count} spans {name}");
        return Find();

        List<ExportedSpan> Find() => [.. Spans.Where(span => span.Name == name)];
    }

    public ValueTask DisposeAsync() => _api.DisposeAsync();
}
