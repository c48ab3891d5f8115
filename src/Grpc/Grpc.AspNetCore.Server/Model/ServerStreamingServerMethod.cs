using Grpc.Core;

namespace Grpc.AspNetCore.Server.Model;

/// <summary>A server-streaming handler whose service instance is given with each call.</summary>
public delegate Task ServerStreamingServerMethod<TService, TRequest, TResponse>(
    TService service,
    TRequest request,
    IServerStreamWriter<TResponse> stream,
    ServerCallContext serverCallContext)
    where TService : class
    where TRequest : class
    where TResponse : class;
