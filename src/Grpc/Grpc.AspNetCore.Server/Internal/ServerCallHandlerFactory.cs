using Grpc.AspNetCore.Server.Internal.CallHandlers;
using Grpc.AspNetCore.Server.Internal.Shared;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>Makes the handler that answers the requests of a method.</summary>
internal sealed class ServerCallHandlerFactory<TService>(
    IServiceProvider services,
    IGrpcServiceActivator<TService> activator,
    ServiceLifetimes lifetimes,
    IOptions<GrpcServiceOptions> allOptions,
    IOptions<GrpcServiceOptions<TService>> ownOptions,
    TimeProvider timeProvider,
    ILoggerFactory loggerFactory)
    where TService : class
{
    private readonly ServiceInstances<TService> _instances = new(services, activator, lifetimes);
    private readonly MethodOptions _options = MethodOptions.Merge(allOptions.Value, ownOptions.Value);
    private readonly ILogger _logger = loggerFactory.CreateLogger("Grpc.AspNetCore.Server.ServerCallHandler");

    public RequestDelegate CreateUnary<TRequest, TResponse>(
        Method<TRequest, TResponse> method,
        Model.UnaryServerMethod<TService, TRequest, TResponse> handler)
        where TRequest : class
        where TResponse : class => new UnaryServerCallHandler<TService, TRequest, TResponse>(
            method,
            Shared(method),
            new UnaryServerMethodInvoker<TService, TRequest, TResponse>(handler, _instances, _options.Interceptors)).HandleAsync;

    public RequestDelegate CreateClientStreaming<TRequest, TResponse>(
        Method<TRequest, TResponse> method,
        Model.ClientStreamingServerMethod<TService, TRequest, TResponse> handler)
        where TRequest : class
        where TResponse : class => new ClientStreamingServerCallHandler<TService, TRequest, TResponse>(
            method,
            Shared(method),
            new ClientStreamingServerMethodInvoker<TService, TRequest, TResponse>(handler, _instances, _options.Interceptors)).HandleAsync;

    public RequestDelegate CreateServerStreaming<TRequest, TResponse>(
        Method<TRequest, TResponse> method,
        Model.ServerStreamingServerMethod<TService, TRequest, TResponse> handler)
        where TRequest : class
        where TResponse : class => new ServerStreamingServerCallHandler<TService, TRequest, TResponse>(
            method,
            Shared(method),
            new ServerStreamingServerMethodInvoker<TService, TRequest, TResponse>(handler, _instances, _options.Interceptors)).HandleAsync;

    public RequestDelegate CreateDuplexStreaming<TRequest, TResponse>(
        Method<TRequest, TResponse> method,
        Model.DuplexStreamingServerMethod<TService, TRequest, TResponse> handler)
        where TRequest : class
        where TResponse : class => new DuplexStreamingServerCallHandler<TService, TRequest, TResponse>(
            method,
            Shared(method),
            new DuplexStreamingServerMethodInvoker<TService, TRequest, TResponse>(handler, _instances, _options.Interceptors)).HandleAsync;

    private ServerMethod Shared(IMethod method) => new(method, _options, timeProvider, _logger);
}
