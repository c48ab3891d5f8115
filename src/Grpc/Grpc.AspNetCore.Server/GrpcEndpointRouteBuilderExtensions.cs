using Grpc.AspNetCore.Server.Internal;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Maps gRPC services to endpoints.</summary>
public static class GrpcEndpointRouteBuilderExtensions
{
    /// <summary>Serves the methods of a service class that derives from a generated base class.</summary>
    /// <exception cref="InvalidOperationException">
    /// <c>AddGrpc</c> was not called, or the class derives from no generated base class.
    /// </exception>
    public static GrpcServiceEndpointConventionBuilder MapGrpcService<TService>(this IEndpointRouteBuilder builder)
        where TService : class
    {
        ArgumentNullException.ThrowIfNull(builder);
        if (builder.ServiceProvider.GetService<GrpcMarkerService>() is null)
        {
            throw new InvalidOperationException(
                "Unable to find the required services. Add them by calling 'IServiceCollection.AddGrpc'.");
        }

        var routeBuilder = builder.ServiceProvider.GetRequiredService<ServiceRouteBuilder<TService>>();
        return new GrpcServiceEndpointConventionBuilder(routeBuilder.Build(builder));
    }
}
