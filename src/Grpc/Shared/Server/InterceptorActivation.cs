using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.Extensions.DependencyInjection;

namespace Grpc.AspNetCore.Server.Internal.Shared;

/// <summary>Makes one interceptor of a pipeline for each call.</summary>
internal sealed class InterceptorActivation(InterceptorRegistration registration)
{
    private readonly Type _activatorType = typeof(IGrpcInterceptorActivator<>).MakeGenericType(registration.Type);
    private IGrpcInterceptorActivator? _activator;

    public GrpcActivatorHandle<Interceptor> Create(ServerCallContext context)
    {
        var services = context.GetHttpContext().RequestServices;
        _activator ??= (IGrpcInterceptorActivator)services.GetRequiredService(_activatorType);
        return _activator.Create(services, registration);
    }

    public ValueTask ReleaseAsync(in GrpcActivatorHandle<Interceptor> handle) => _activator!.ReleaseAsync(handle);
}
