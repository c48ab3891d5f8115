using Grpc.Core;

namespace Grpc.AspNetCore.Server.Model;

/// <summary>A duplex-streaming handler whose service instance is given with each call.</summary>
public delegate Task DuplexStreamingServerMethod<TService, TRequest, TResponse>(
    TService service,
    IAsyncStreamReader<TRequest> input,
    IServerStreamWriter<TResponse> output,
    ServerCallContext serverCallContext)
    where TService : class
    where TRequest : class
    where TResponse : class;
