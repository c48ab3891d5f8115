using Batching.Engine.Hosting;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Batching.Server.Connections;

/// <summary>Says whether what callers submit can be stored.</summary>
internal sealed class StoringCheck(EngineHealth engine) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(engine.CanStore
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy("The store can't be written."));
}
