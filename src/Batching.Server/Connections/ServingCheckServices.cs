using Batching.Server.Security.Operations;
using Batching.Server.Services;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Batching.Server.Connections;

/// <summary>The health of the gateway, for <c>/healthz</c> and <c>grpc.health.v1.Health</c>.</summary>
internal static class ServingCheckServices
{
    // It logs each check that fails as an error. That a gateway stops is none, and whoever asks is told.
    private const string Log = "Microsoft.Extensions.Diagnostics.HealthChecks";

    /// <summary>Adds it: all services of the server are well or none is.</summary>
    public static IServiceCollection AddServingCheck(this IServiceCollection services)
    {
        services.AddGrpcHealthChecks(static health =>
            {
                foreach (var service in RpcServices.Described)
                {
                    health.Services.Map(service.FullName, static _ => true);
                }
            })
            .AddCheck<ServingCheck>("serving")
            .AddCheck<HoldCheck>("store")
            .AddCheck<StoringCheck>("storing");
        return services.AddLogging(static logging => logging.AddFilter(Log, LogLevel.None));
    }

    /// <summary>
    /// Serves it. Alive is a gateway that answers at all: to start it again helps neither one that stops nor one whose disk is
    /// full.
    /// </summary>
    public static void MapServingCheck(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapHealthChecks("/healthz", new HealthCheckOptions { ResponseWriter = WriteAsync }).AsOperations();
        endpoints.MapHealthChecks("/healthz/ready", new HealthCheckOptions { ResponseWriter = WriteAsync }).AsOperations();
        endpoints.MapHealthChecks("/healthz/live", new HealthCheckOptions { Predicate = static _ => false }).AsOperations();
        endpoints.MapGrpcHealthChecksService().AsOperations();
    }

    // A word for programs, and below it a line for a person from each check that has something to say.
    private static Task WriteAsync(HttpContext context, HealthReport report)
    {
        context.Response.ContentType = "text/plain";
        return context.Response.WriteAsync(string.Join(
            '\n', report.Entries.Values.Select(entry => entry.Description).Where(line => line is not null).Prepend(report.Status.ToString())));
    }
}
