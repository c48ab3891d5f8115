using Grpc.AspNetCore.Server;
using Grpc.AspNetCore.Server.Model;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Calls;

/// <summary>Makes the service object of a call, calls it and lets go of it.</summary>
internal sealed class ServiceInvoker<TService>
    where TService : class
{
    private readonly IGrpcServiceActivator<TService> _activator;
    private readonly Lazy<TService>? _singleton;

    public ServiceInvoker(IServiceProvider services, bool isSingleton)
    {
        _activator = services.GetRequiredService<IGrpcServiceActivator<TService>>();
        // The server's own activator takes a registered service from the container, so a singleton can be
        // had without the service scope of a request. Somebody else's activator may do more: it is asked each time.
        if (isSingleton && _activator.GetType().Assembly == typeof(IGrpcServiceActivator<>).Assembly)
        {
            _singleton = new Lazy<TService>(services.GetRequiredService<TService>);
        }
    }

    public UnaryServerMethod<TRequest, TResponse> Bind<TRequest, TResponse>(
        UnaryServerMethod<TService, TRequest, TResponse> handler)
        where TRequest : class
        where TResponse : class
    {
        if (_singleton is { } singleton)
        {
            return (request, context) => handler(singleton.Value, request, context);
        }

        return async (request, context) =>
        {
            var handle = _activator.Create(context.GetHttpContext().RequestServices);
            try
            {
                return await handler(handle.Instance, request, context);
            }
            finally
            {
                await _activator.ReleaseAsync(handle);
            }
        };
    }

    public ServerStreamingServerMethod<TRequest, TResponse> Bind<TRequest, TResponse>(
        ServerStreamingServerMethod<TService, TRequest, TResponse> handler)
        where TRequest : class
        where TResponse : class
    {
        if (_singleton is { } singleton)
        {
            return (request, stream, context) => handler(singleton.Value, request, stream, context);
        }

        return async (request, stream, context) =>
        {
            var handle = _activator.Create(context.GetHttpContext().RequestServices);
            try
            {
                await handler(handle.Instance, request, stream, context);
            }
            finally
            {
                await _activator.ReleaseAsync(handle);
            }
        };
    }
}
