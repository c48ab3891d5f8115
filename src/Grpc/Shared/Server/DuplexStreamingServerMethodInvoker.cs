using Grpc.AspNetCore.Server.Model;
using Grpc.Core;

namespace Grpc.AspNetCore.Server.Internal.Shared;

/// <summary>Calls a duplex-streaming handler, through the interceptors if there are any.</summary>
internal sealed class DuplexStreamingServerMethodInvoker<TService, TRequest, TResponse>
    where TService : class
    where TRequest : class
    where TResponse : class
{
    private readonly DuplexStreamingServerMethod<TService, TRequest, TResponse> _handler;
    private readonly ServiceInstances<TService> _instances;
    private readonly DuplexStreamingServerMethod<TRequest, TResponse>? _pipeline;

    public DuplexStreamingServerMethodInvoker(
        DuplexStreamingServerMethod<TService, TRequest, TResponse> handler,
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

    public Task Invoke(
        IAsyncStreamReader<TRequest> requestStream,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context) => _pipeline is null
            ? InvokeService(requestStream, responseStream, context)
            : _pipeline(requestStream, responseStream, context);

    private static DuplexStreamingServerMethod<TRequest, TResponse> Wrap(
        InterceptorActivation activation,
        DuplexStreamingServerMethod<TRequest, TResponse> next) => async (requestStream, responseStream, context) =>
        {
            var handle = activation.Create(context);
            try
            {
                await handle.Instance.DuplexStreamingServerHandler(requestStream, responseStream, context, next);
            }
            finally
            {
                await activation.ReleaseAsync(handle);
            }
        };

    private Task InvokeService(
        IAsyncStreamReader<TRequest> requestStream,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context) => _instances.Singleton is { } service
            ? _handler(service, requestStream, responseStream, context)
            : InvokeActivated(requestStream, responseStream, context);

    private async Task InvokeActivated(
        IAsyncStreamReader<TRequest> requestStream,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context)
    {
        var handle = _instances.Create(context);
        try
        {
            await _handler(handle.Instance, requestStream, responseStream, context);
        }
        finally
        {
            await _instances.ReleaseAsync(handle);
        }
    }
}
