using Batching.V1;

namespace Batching.Server.Connections;

/// <summary>Adds the health of the gateway, for <c>/healthz</c> and <c>grpc.health.v1.Health</c>.</summary>
internal static class ServingCheckServices
{
    // It logs each check that fails as an error. That a gateway stops is none, and whoever asks is told.
    private const string Log = "Microsoft.Extensions.Diagnostics.HealthChecks";

    public static IServiceCollection AddServingCheck(this IServiceCollection services)
    {
        services.AddGrpcHealthChecks(static health =>
            {
                health.Services.Map(BatchService.Descriptor.FullName, static _ => true);
                health.Services.Map(KeyedBatchService.Descriptor.FullName, static _ => true);
            })
            .AddCheck<ServingCheck>("serving");
        return services.AddLogging(static logging => logging.AddFilter(Log, LogLevel.None));
    }
}
