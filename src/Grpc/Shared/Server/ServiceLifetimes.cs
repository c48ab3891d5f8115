using Microsoft.Extensions.DependencyInjection;

namespace Grpc.AspNetCore.Server.Internal.Shared;

/// <summary>
/// Knows how services were registered. A service class that is a singleton, or that takes nothing, needs no service
/// scope in its calls, which is most of what a small call would otherwise allocate.
/// </summary>
internal sealed class ServiceLifetimes(IServiceCollection services)
{
    public bool IsSingleton(Type type) => Find(type) is { Lifetime: ServiceLifetime.Singleton };

    public bool TakesNothing(Type type) =>
        Find(type) is null && type.GetConstructors() is [var constructor] && constructor.GetParameters().Length == 0;

    private ServiceDescriptor? Find(Type type) =>
        services.LastOrDefault(descriptor => descriptor.ServiceType == type && !descriptor.IsKeyedService);
}
