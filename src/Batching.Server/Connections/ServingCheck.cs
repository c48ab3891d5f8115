using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Batching.Server.Connections;

/// <summary>
/// Says whether calls are welcome: until the gateway is told to stop. What is under way then still ends. The server
/// listens when the store is open; whether this gateway holds it, <see cref="HoldCheck"/> says.
/// </summary>
internal sealed class ServingCheck(IHostApplicationLifetime lifetime) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(lifetime.ApplicationStopping.IsCancellationRequested
            ? HealthCheckResult.Unhealthy("The gateway stops.")
            : HealthCheckResult.Healthy());
}
