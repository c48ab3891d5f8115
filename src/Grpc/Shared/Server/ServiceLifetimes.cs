using Microsoft.Extensions.DependencyInjection;

namespace Grpc.AspNetCore.Server.Internal.Shared;

/// <summary>
/// Knows how services were registered. A service class that is a singleton needs no service scope in its calls,
/// which is most of what a small call would otherwise allocate.
/// </summary>
internal sealed class ServiceLifetimes(IServiceCollection services)
{
    public bool IsSingleton(Type type) =>
        services.LastOrDefault(descriptor => descriptor.ServiceType == type && !descriptor.IsKeyedService)
            is { Lifetime: ServiceLifetime.Singleton };
}
