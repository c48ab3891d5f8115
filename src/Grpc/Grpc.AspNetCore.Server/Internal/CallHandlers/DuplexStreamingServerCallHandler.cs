using Grpc.AspNetCore.Server.Internal.Shared;
using Grpc.Core;

namespace Grpc.AspNetCore.Server.Internal.CallHandlers;

internal sealed class DuplexStreamingServerCallHandler<TService, TRequest, TResponse>(
    Method<TRequest, TResponse> method,
    ServerMethod shared,
    DuplexStreamingServerMethodInvoker<TService, TRequest, TResponse> invoker)
    : ServerCallHandler<TRequest, TResponse>(method, shared)
    where TService : class
    where TRequest : class
    where TResponse : class
{
    protected override ValueTask InvokeAsync(HttpContextServerCallContext call)
    {
        var reader = new HttpContextStreamReader<TRequest>(call, Method.RequestMarshaller.ContextualDeserializer);
        var writer = new HttpContextStreamWriter<TResponse>(call, Method.ResponseMarshaller.ContextualSerializer);
        return new ValueTask(invoker.Invoke(reader, writer, call));
    }
}
