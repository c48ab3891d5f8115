using Batching.Engine.Storage;
using Grpc.Core;
using Grpc.Core.Interceptors;

namespace Batching.Server.Services;

/// <summary>Answers UNAVAILABLE when the store can't be read or written at the moment.</summary>
internal sealed class StoreErrorInterceptor : Interceptor
{
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            return await continuation(request, context);
        }
        catch (StoreUnavailableException)
        {
            throw Unavailable();
        }
    }

    public override async Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        ServerCallContext context,
        ClientStreamingServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            return await continuation(requestStream, context);
        }
        catch (StoreUnavailableException)
        {
            throw Unavailable();
        }
    }

    public override async Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            await continuation(request, responseStream, context);
        }
        catch (StoreUnavailableException)
        {
            throw Unavailable();
        }
    }

    // The store's own words are for the log: they may name files.
    private static RpcException Unavailable() => new(new Status(
        StatusCode.Unavailable, "The store can't be used at the moment. Nothing was changed; try again later."));
}
