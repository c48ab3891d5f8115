using Batching.Server.Security.Operations;
using Microsoft.Extensions.Options;

namespace Batching.Server.Telemetry;

/// <summary>
/// Says what of the telemetry is wanted, by the variables that OpenTelemetry has for that. They may come from the environment, a file of
/// settings or the command line, as everything else.
/// </summary>
/// <param name="Traces">Traces are sent to a collector.</param>
/// <param name="Metrics">Metrics are sent to a collector.</param>
/// <param name="Prometheus">Metrics are served as text.</param>
internal sealed record TelemetrySettings(bool Traces, bool Metrics, bool Prometheus)
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>Whether anything is wanted.</summary>
    public bool IsOn => Traces || Metrics || Prometheus;

    /// <summary>Whether metrics are, in whatever way.</summary>
    public bool HasMetrics => Metrics || Prometheus;

    /// <summary>Reads and checks them.</summary>
    /// <exception cref="OptionsValidationException">A value is none that is known; names the variable.</exception>
    public static TelemetrySettings Read(IConfiguration configuration, OperationsOptions operations) =>
        string.Equals(configuration["OTEL_SDK_DISABLED"], "true", StringComparison.OrdinalIgnoreCase)
            ? new TelemetrySettings(false, false, false)
            : new TelemetrySettings(
                IsSent(configuration, "TRACES"),
                IsSent(configuration, "METRICS"),
                operations.Metrics && !string.IsNullOrEmpty(operations.Url));

    private static bool IsSent(IConfiguration configuration, string signal)
    {
        var exporter = $"OTEL_{signal}_EXPORTER";
        var hasEndpoint = HasUrl(configuration, Endpoint) | HasUrl(configuration, $"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT");
        return configuration[exporter] switch
        {
            null or "" => hasEndpoint,
            "otlp" => true,
            "none" => false,
            var other => throw Invalid($"{exporter} must be otlp or none, not '{other}'."),
        };
    }

    private static bool HasUrl(IConfiguration configuration, string variable)
    {
        if (configuration[variable] is not { Length: > 0 } value)
        {
            return false;
        }

        return Uri.TryCreate(value, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            ? true
            : throw Invalid($"{variable} must be an http or https URL, such as http://localhost:4317, not '{value}'.");
    }

    private static OptionsValidationException Invalid(string problem) =>
        new(nameof(TelemetrySettings), typeof(TelemetrySettings), [problem]);
}
