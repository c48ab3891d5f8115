using Grpc.AspNetCore.Server.Internal;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing.Patterns;

namespace Grpc.AspNetCore.Server.Model;

/// <summary>Takes the methods that a provider found.</summary>
public class ServiceMethodProviderContext<TService>
    where TService : class
{
    private readonly ServerCallHandlerFactory<TService> _handlers;

    internal ServiceMethodProviderContext(ServerCallHandlerFactory<TService> handlers, object? argument)
    {
        _handlers = handlers;
        Argument = argument;
    }

    /// <summary>An argument given with the mapping, if any.</summary>
    public object? Argument { get; }

    internal List<MethodModel> Methods { get; } = [];

    /// <summary>Serves a unary method over gRPC.</summary>
    public void AddUnaryMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method,
        IList<object> metadata,
        UnaryServerMethod<TService, TRequest, TResponse> invoker)
        where TRequest : class
        where TResponse : class =>
        AddGrpcMethod(method, metadata, _handlers.CreateUnary(method, invoker));

    /// <summary>Serves a server-streaming method over gRPC.</summary>
    public void AddServerStreamingMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method,
        IList<object> metadata,
        ServerStreamingServerMethod<TService, TRequest, TResponse> invoker)
        where TRequest : class
        where TResponse : class =>
        AddGrpcMethod(method, metadata, _handlers.CreateServerStreaming(method, invoker));

    /// <summary>Serves a client-streaming method over gRPC.</summary>
    public void AddClientStreamingMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method,
        IList<object> metadata,
        ClientStreamingServerMethod<TService, TRequest, TResponse> invoker)
        where TRequest : class
        where TResponse : class =>
        AddGrpcMethod(method, metadata, _handlers.CreateClientStreaming(method, invoker));

    /// <summary>Serves a duplex-streaming method over gRPC.</summary>
    public void AddDuplexStreamingMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method,
        IList<object> metadata,
        DuplexStreamingServerMethod<TService, TRequest, TResponse> invoker)
        where TRequest : class
        where TResponse : class =>
        AddGrpcMethod(method, metadata, _handlers.CreateDuplexStreaming(method, invoker));

    /// <summary>Serves a method in another way: the invoker gets every request that matches the pattern.</summary>
    /// <param name="method">The method that the endpoint is for.</param>
    /// <param name="pattern">The paths; the HTTP methods are given by the metadata.</param>
    /// <param name="metadata">Endpoint metadata.</param>
    /// <param name="invoker">Answers the requests.</param>
    public void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method,
        RoutePattern pattern,
        IList<object> metadata,
        RequestDelegate invoker)
        where TRequest : class
        where TResponse : class
    {
        ArgumentNullException.ThrowIfNull(method);
        ArgumentNullException.ThrowIfNull(pattern);
        ArgumentNullException.ThrowIfNull(metadata);
        ArgumentNullException.ThrowIfNull(invoker);
        Methods.Add(new MethodModel(method, pattern, metadata, invoker));
    }

    private void AddGrpcMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method,
        IList<object> metadata,
        RequestDelegate invoker)
        where TRequest : class
        where TResponse : class =>
        AddMethod(method, RoutePatternFactory.Parse(method.FullName), metadata, invoker);
}
