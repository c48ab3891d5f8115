using Grpc.AspNetCore.Server.Reflection.Internal;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the gRPC reflection service.</summary>
public static class GrpcReflectionServiceExtensions
{
    /// <summary>Adds <c>grpc.reflection.v1</c> and <c>v1alpha</c> over all services that are mapped.</summary>
    public static IServiceCollection AddGrpcReflection(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.TryAddSingleton<DescriptorIndexSource>();
        services.TryAddSingleton<ReflectionService>();
        services.TryAddSingleton<ReflectionV1AlphaService>();
        return services;
    }
}
