using Grpc.Core;

namespace Grpc.AspNetCore.Server.Model;

/// <summary>A client-streaming handler whose service instance is given with each call.</summary>
public delegate Task<TResponse> ClientStreamingServerMethod<TService, TRequest, TResponse>(
    TService service,
    IAsyncStreamReader<TRequest> stream,
    ServerCallContext serverCallContext)
    where TService : class
    where TRequest : class
    where TResponse : class;
