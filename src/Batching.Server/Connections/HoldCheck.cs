using System.Globalization;
using Batching.Engine.Hosting;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Batching.Server.Connections;

/// <summary>Says whether this gateway is the one that holds the store, where several may be started on it.</summary>
internal sealed class HoldCheck(EngineHealth engine) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(Check());

    /// <summary>Says why a gateway that is not active serves nothing.</summary>
    public static string Describe(GatewayRole role) => role switch
    {
        GatewayRole.StandingBy => "This gateway stands by: another one holds the store.",
        GatewayRole.Uncertain => "It is not certain that this gateway still holds the store, which can't be reached.",
        _ => "Another gateway has taken over the store; this one ends.",
    };

    private HealthCheckResult Check()
    {
        var role = engine.Role;
        return role != GatewayRole.Active ? HealthCheckResult.Unhealthy(Describe(role))
            : HealthCheckResult.Healthy(engine.Hold.Name is { } name && engine.Hold.TimeLeft is { } left
                ? string.Create(CultureInfo.InvariantCulture, $"Active: {name}, {left.TotalSeconds:F1} s of the lease left.")
                : null);
    }
}
