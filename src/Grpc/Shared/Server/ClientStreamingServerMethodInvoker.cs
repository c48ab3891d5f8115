using Grpc.AspNetCore.Server.Model;
using Grpc.Core;

namespace Grpc.AspNetCore.Server.Internal.Shared;

/// <summary>Calls a client-streaming handler, through the interceptors if there are any.</summary>
internal sealed class ClientStreamingServerMethodInvoker<TService, TRequest, TResponse>
    where TService : class
    where TRequest : class
    where TResponse : class
{
    private readonly ClientStreamingServerMethod<TService, TRequest, TResponse> _handler;
    private readonly ServiceInstances<TService> _instances;
    private readonly ClientStreamingServerMethod<TRequest, TResponse>? _pipeline;

    public ClientStreamingServerMethodInvoker(
        ClientStreamingServerMethod<TService, TRequest, TResponse> handler,
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

    public Task<TResponse> Invoke(IAsyncStreamReader<TRequest> requestStream, ServerCallContext context) =>
        _pipeline is null ? InvokeService(requestStream, context) : _pipeline(requestStream, context);

    private static ClientStreamingServerMethod<TRequest, TResponse> Wrap(
        InterceptorActivation activation,
        ClientStreamingServerMethod<TRequest, TResponse> next) => async (requestStream, context) =>
        {
            var handle = activation.Create(context);
            try
            {
                return await handle.Instance.ClientStreamingServerHandler(requestStream, context, next);
            }
            finally
            {
                await activation.ReleaseAsync(handle);
            }
        };

    private Task<TResponse> InvokeService(IAsyncStreamReader<TRequest> requestStream, ServerCallContext context) =>
        _instances.Singleton is { } service
            ? _handler(service, requestStream, context)
            : InvokeActivated(requestStream, context);

    private async Task<TResponse> InvokeActivated(IAsyncStreamReader<TRequest> requestStream, ServerCallContext context)
    {
        var handle = _instances.Create(context);
        try
        {
            return await _handler(handle.Instance, requestStream, context);
        }
        finally
        {
            await _instances.ReleaseAsync(handle);
        }
    }
}
