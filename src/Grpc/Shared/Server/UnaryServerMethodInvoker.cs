using Grpc.AspNetCore.Server.Model;
using Grpc.Core;

namespace Grpc.AspNetCore.Server.Internal.Shared;

/// <summary>Calls a unary handler, through the interceptors if there are any.</summary>
internal sealed class UnaryServerMethodInvoker<TService, TRequest, TResponse>
    where TService : class
    where TRequest : class
    where TResponse : class
{
    private readonly UnaryServerMethod<TService, TRequest, TResponse> _handler;
    private readonly ServiceInstances<TService> _instances;
    private readonly UnaryServerMethod<TRequest, TResponse>? _pipeline;

    public UnaryServerMethodInvoker(
        UnaryServerMethod<TService, TRequest, TResponse> handler,
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

    public Task<TResponse> Invoke(TRequest request, ServerCallContext context) =>
        _pipeline is null ? InvokeService(request, context) : _pipeline(request, context);

    private static UnaryServerMethod<TRequest, TResponse> Wrap(
        InterceptorActivation activation,
        UnaryServerMethod<TRequest, TResponse> next) => async (request, context) =>
        {
            var handle = activation.Create(context);
            try
            {
                return await handle.Instance.UnaryServerHandler(request, context, next);
            }
            finally
            {
                await activation.ReleaseAsync(handle);
            }
        };

    private Task<TResponse> InvokeService(TRequest request, ServerCallContext context) =>
        _instances.Singleton is { } service ? _handler(service, request, context) : InvokeActivated(request, context);

    private async Task<TResponse> InvokeActivated(TRequest request, ServerCallContext context)
    {
        var handle = _instances.Create(context);
        try
        {
            return await _handler(handle.Instance, request, context);
        }
        finally
        {
            await _instances.ReleaseAsync(handle);
        }
    }
}
