using System.Runtime.CompilerServices;
using Grpc.AspNetCore.Server.Internal.Shared;
using Grpc.Core;

namespace Grpc.AspNetCore.Server.Internal.CallHandlers;

internal sealed class ClientStreamingServerCallHandler<TService, TRequest, TResponse>(
    Method<TRequest, TResponse> method,
    ServerMethod shared,
    ClientStreamingServerMethodInvoker<TService, TRequest, TResponse> invoker)
    : ServerCallHandler<TRequest, TResponse>(method, shared)
    where TService : class
    where TRequest : class
    where TResponse : class
{
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    protected override async ValueTask InvokeAsync(HttpContextServerCallContext call)
    {
        var reader = new HttpContextStreamReader<TRequest>(call, Method.RequestMarshaller.ContextualDeserializer);
        var response = await invoker.Invoke(reader, call);
        call.WriteSingleMessage(Method.ResponseMarshaller.ContextualSerializer, response);
    }
}
