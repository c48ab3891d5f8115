using Grpc.AspNetCore.Server.Model;
using Grpc.Core;

namespace Grpc.AspNetCore.Server.Internal.Shared;

/// <summary>Calls a server-streaming handler, through the interceptors if there are any.</summary>
internal sealed class ServerStreamingServerMethodInvoker<TService, TRequest, TResponse>
    where TService : class
    where TRequest : class
    where TResponse : class
{
    private readonly ServerStreamingServerMethod<TService, TRequest, TResponse> _handler;
    private readonly ServiceInstances<TService> _instances;
    private readonly ServerStreamingServerMethod<TRequest, TResponse>? _pipeline;

    public ServerStreamingServerMethodInvoker(
        ServerStreamingServerMethod<TService, TRequest, TResponse> handler,
        ServiceInstances<TService> instances,
        IReadOnlyList<InterceptorRegistration> interceptors)
    {
        _handler = handler;
        _instances = instances;
        foreach (var registration in interceptors.Reverse())
        {
            _pipeline = Wrap(new InterceptorActivation(registration), _pipeline ?? InvokeService);
        }
    }

    public Task Invoke(TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context) =>
        _pipeline is null
            ? InvokeService(request, responseStream, context)
            : _pipeline(request, responseStream, context);

    private static ServerStreamingServerMethod<TRequest, TResponse> Wrap(
        InterceptorActivation activation,
        ServerStreamingServerMethod<TRequest, TResponse> next) => async (request, responseStream, context) =>
        {
            var handle = activation.Create(context);
            try
            {
                await handle.Instance.ServerStreamingServerHandler(request, responseStream, context, next);
            }
            finally
            {
                await activation.ReleaseAsync(handle);
            }
        };

    private Task InvokeService(TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context) =>
        _instances.Singleton is { } service
            ? _handler(service, request, responseStream, context)
            : InvokeActivated(request, responseStream, context);

    private async Task InvokeActivated(
        TRequest request,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context)
    {
        var handle = _instances.Create(context);
        try
        {
            await _handler(handle.Instance, request, responseStream, context);
        }
        finally
        {
            await _instances.ReleaseAsync(handle);
        }
    }
}
