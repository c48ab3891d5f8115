using Grpc.Core;

namespace Grpc.AspNetCore.Server.Model;

/// <summary>A unary handler whose service instance is given with each call.</summary>
public delegate Task<TResponse> UnaryServerMethod<TService, TRequest, TResponse>(
    TService service,
    TRequest request,
    ServerCallContext serverCallContext)
    where TService : class
    where TRequest : class
    where TResponse : class;
