using Grpc.AspNetCore.Server;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.Extensions.DependencyInjection;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Calls;

/// <summary>
/// Puts the interceptors that the gRPC server was configured with around a handler, the first one outermost.
/// </summary>
internal sealed class InterceptorPipeline(
    IReadOnlyList<InterceptorRegistration> interceptors, IServiceProvider services)
{
    public UnaryServerMethod<TRequest, TResponse> Wrap<TRequest, TResponse>(
        UnaryServerMethod<TRequest, TResponse> handler)
        where TRequest : class
        where TResponse : class
    {
        for (var i = interceptors.Count - 1; i >= 0; i--)
        {
            var (registration, activator, next) = (interceptors[i], GetActivator(interceptors[i]), handler);
            handler = async (request, context) =>
            {
                var handle = activator.Create(Services(context), registration);
                try
                {
                    return await handle.Instance.UnaryServerHandler(request, context, next);
                }
                finally
                {
                    await activator.ReleaseAsync(handle);
                }
            };
        }

        return handler;
    }

    public ServerStreamingServerMethod<TRequest, TResponse> Wrap<TRequest, TResponse>(
        ServerStreamingServerMethod<TRequest, TResponse> handler)
        where TRequest : class
        where TResponse : class
    {
        for (var i = interceptors.Count - 1; i >= 0; i--)
        {
            var (registration, activator, next) = (interceptors[i], GetActivator(interceptors[i]), handler);
            handler = async (request, stream, context) =>
            {
                var handle = activator.Create(Services(context), registration);
                try
                {
                    await handle.Instance.ServerStreamingServerHandler(request, stream, context, next);
                }
                finally
                {
                    await activator.ReleaseAsync(handle);
                }
            };
        }

        return handler;
    }

    // An interceptor may hand on a context of its own, so the request is found as handlers find it.
    private static IServiceProvider Services(ServerCallContext context) => context.GetHttpContext().RequestServices;

    private IGrpcInterceptorActivator GetActivator(InterceptorRegistration registration) =>
        (IGrpcInterceptorActivator)services.GetRequiredService(
            typeof(IGrpcInterceptorActivator<>).MakeGenericType(registration.Type));
}
