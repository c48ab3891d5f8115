using Grpc.AspNetCore.HealthChecks;
using Grpc.AspNetCore.HealthChecks.Internal;
using Grpc.HealthCheck;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the gRPC health service.</summary>
public static class GrpcHealthChecksServiceExtensions
{
    /// <summary>
    /// Adds <c>grpc.health.v1.Health</c> over the application's health checks. A service is <c>NOT_SERVING</c> when one of
    /// its checks is unhealthy, <c>UNKNOWN</c> when it has none. When the server begins to stop, all turn to
    /// <c>NOT_SERVING</c> at once.
    /// </summary>
    public static IHealthChecksBuilder AddGrpcHealthChecks(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.TryAddSingleton<HealthServiceImpl>();
        services.TryAddSingleton<HealthServiceIntegration>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHealthCheckPublisher, GrpcHealthChecksPublisher>());
        services.TryAddEnumerable(
            ServiceDescriptor.Singleton<IConfigureOptions<GrpcHealthChecksOptions>, GrpcHealthChecksOptionsSetup>());
        services.AddHostedService<ShutdownHealth>();
        return services.AddHealthChecks();
    }

    /// <summary>Adds <c>grpc.health.v1.Health</c> with options.</summary>
    public static IHealthChecksBuilder AddGrpcHealthChecks(
        this IServiceCollection services,
        Action<GrpcHealthChecksOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        var builder = services.AddGrpcHealthChecks();
        services.Configure(configure);
        return builder;
    }
}
