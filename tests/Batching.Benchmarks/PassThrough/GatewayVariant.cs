namespace Batching.Benchmarks.PassThrough;

/// <summary>A build of the gateway with its settings, to be set beside others.</summary>
/// <param name="Name">What it is called in the table.</param>
/// <param name="Folder">Where the build is; null for the one beside this program.</param>
/// <param name="Settings">What is not as by default, as environment variables have it.</param>
internal sealed record GatewayVariant(string Name, string? Folder, IReadOnlyDictionary<string, string> Settings)
{
    /// <summary>The build beside this program with the default settings.</summary>
    public static GatewayVariant Default { get; } = new("gateway", null, new Dictionary<string, string>());

    /// <summary>Another build with the default settings.</summary>
    public static GatewayVariant OfBuild(string folder) => Default with { Name = folder, Folder = folder };

    /// <summary>The build beside this program without telemetry, with metrics, and with one of a hundred traces.</summary>
    /// <param name="collector">Where the traces go.</param>
    public static IReadOnlyList<GatewayVariant> OfTelemetry(string collector) =>
    [
        Default,
        Default with
        {
            Name = "metrics",
            Settings = new Dictionary<string, string>
            {
                ["Batch__Operations__Url"] = $"http://127.0.0.1:{ChildProcess.FreePort()}",
            },
        },
        Default with
        {
            Name = "1 % of traces",
            Settings = new Dictionary<string, string>
            {
                ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = $"{collector}/v1/traces",
                ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
                ["OTEL_TRACES_SAMPLER"] = "parentbased_traceidratio",
                ["OTEL_TRACES_SAMPLER_ARG"] = "0.01",
            },
        },
    ];
}
