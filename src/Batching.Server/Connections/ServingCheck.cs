using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Batching.Server.Connections;

/// <summary>
/// Says whether calls are welcome: until the gateway is told to stop. What is under way then still ends, which is why it
/// is called degraded: that the check fails is no error to be logged.
/// </summary>
internal sealed class ServingCheck(IHostApplicationLifetime lifetime) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(lifetime.ApplicationStopping.IsCancellationRequested
            ? HealthCheckResult.Degraded("The gateway stops.")
            : HealthCheckResult.Healthy());
}
