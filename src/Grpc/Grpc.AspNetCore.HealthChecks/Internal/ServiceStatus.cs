using Microsoft.Extensions.Diagnostics.HealthChecks;
using ServingStatus = Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace Grpc.AspNetCore.HealthChecks.Internal;

internal static class ServiceStatus
{
    /// <summary>One unhealthy check is enough; a degraded one still serves; without checks nothing is known.</summary>
    public static ServingStatus FromReport(HealthReport report, ServiceMapping mapping)
    {
        var status = ServingStatus.Unknown;
        foreach (var (name, entry) in report.Entries)
        {
            if (mapping.HealthCheckPredicate(new HealthCheckMapContext(name, entry.Tags)))
            {
                if (entry.Status == HealthStatus.Unhealthy)
                {
                    return ServingStatus.NotServing;
                }

                status = ServingStatus.Serving;
            }
        }

        return status;
    }
}
