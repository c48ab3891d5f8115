using System.Reflection;
using Batching.Engine.Telemetry;
using Batching.Server.Security.Operations;
using Grpc.AspNetCore.Server;
using Microsoft.Extensions.Logging.Console;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Batching.Server.Telemetry;

/// <summary>Exports metrics and traces, where that is wanted; else nothing of it is there.</summary>
internal static class TelemetryServices
{
    private const string Service = "batch";

    /// <summary>Adds what is wanted. Goes before the RPCs, to measure all that happens to a call.</summary>
    public static IServiceCollection AddTelemetry(this IServiceCollection services, TelemetrySettings settings)
    {
        if (!settings.IsOn)
        {
            return services;
        }

        var telemetry = services.AddOpenTelemetry().ConfigureResource(static resource => resource
            .AddService(Service, serviceVersion: Version)
            // Last, as what OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say counts.
            .AddEnvironmentVariableDetector());
        if (settings.HasMetrics)
        {
            services.AddSingleton<RpcMetrics>();
            services.Configure<GrpcServiceOptions>(static grpc => grpc.Interceptors.Add<RpcMetrics>());
            telemetry.WithMetrics(metrics => AddMetrics(metrics, settings));
        }

        if (settings.Traces)
        {
            telemetry.WithTracing(static traces => traces.AddSource(BatchActivities.SourceName).AddOtlpExporter());
        }

        return services;
    }

    /// <summary>Serves the metrics, where that is wanted.</summary>
    public static void MapTelemetry(this IEndpointRouteBuilder endpoints, TelemetrySettings settings)
    {
        if (settings.Prometheus)
        {
            endpoints.MapPrometheusScrapingEndpoint("/metrics").AsOperations();
        }
    }

    /// <summary>
    /// Has the console's JSON carry what those who read it with a program need, unless it is configured otherwise: the scopes, where the
    /// ids of batches and requests are, and the time.
    /// </summary>
    public static IServiceCollection AddConsoleJson(this IServiceCollection services, IConfiguration configuration)
    {
        var configured = configuration.GetSection("Logging:Console:FormatterOptions");
        return services.PostConfigure<JsonConsoleFormatterOptions>(json =>
        {
            if (configured[nameof(json.IncludeScopes)] is null)
            {
                json.IncludeScopes = true;
            }

            if (configured[nameof(json.TimestampFormat)] is null && configured[nameof(json.UseUtcTimestamp)] is null)
            {
                json.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";
                json.UseUtcTimestamp = true;
            }
        });
    }

    private static string? Version => typeof(TelemetryServices).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()
        ?.InformationalVersion;

    private static void AddMetrics(MeterProviderBuilder metrics, TelemetrySettings settings)
    {
        metrics
            .AddMeter(Instruments.Meters)
            .AddView(static instrument =>
                Instruments.IsExported(instrument.Meter.Name, instrument.Name, instrument.Meter.Scope is not null)
                    ? null
                    : MetricStreamConfiguration.Drop);
        if (settings.Metrics)
        {
            metrics.AddOtlpExporter();
        }

        if (settings.Prometheus)
        {
            metrics.AddPrometheusExporter();
        }
    }
}
