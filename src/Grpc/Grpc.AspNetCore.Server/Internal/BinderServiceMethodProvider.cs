using Grpc.AspNetCore.Server.Internal.Shared;
using Grpc.AspNetCore.Server.Model;
using Grpc.Core;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>Serves every method of a class over gRPC.</summary>
internal sealed class BinderServiceMethodProvider<TService>(ILogger<BinderServiceMethodProvider<TService>> logger)
    : IServiceMethodProvider<TService>
    where TService : class
{
    public void OnServiceMethodDiscovery(ServiceMethodProviderContext<TService> context)
    {
        if (!ServiceMethods.TryVisit(new Visitor(context)))
        {
            GrpcServerLog.BindMethodNotFound(logger, typeof(TService));
        }
    }

    private sealed class Visitor(ServiceMethodProviderContext<TService> context) : IServiceMethodVisitor<TService>
    {
        public void Unary<TRequest, TResponse>(
            Method<TRequest, TResponse> method,
            IList<object> metadata,
            Model.UnaryServerMethod<TService, TRequest, TResponse> handler)
            where TRequest : class
            where TResponse : class => context.AddUnaryMethod(method, WithPost(metadata), handler);

        public void ClientStreaming<TRequest, TResponse>(
            Method<TRequest, TResponse> method,
            IList<object> metadata,
            Model.ClientStreamingServerMethod<TService, TRequest, TResponse> handler)
            where TRequest : class
            where TResponse : class => context.AddClientStreamingMethod(method, WithPost(metadata), handler);

        public void ServerStreaming<TRequest, TResponse>(
            Method<TRequest, TResponse> method,
            IList<object> metadata,
            Model.ServerStreamingServerMethod<TService, TRequest, TResponse> handler)
            where TRequest : class
            where TResponse : class => context.AddServerStreamingMethod(method, WithPost(metadata), handler);

        public void DuplexStreaming<TRequest, TResponse>(
            Method<TRequest, TResponse> method,
            IList<object> metadata,
            Model.DuplexStreamingServerMethod<TService, TRequest, TResponse> handler)
            where TRequest : class
            where TResponse : class => context.AddDuplexStreamingMethod(method, WithPost(metadata), handler);

        // Preflight requests must reach the endpoint's CORS policy, for gRPC-Web from browsers.
        private static IList<object> WithPost(IList<object> metadata)
        {
            metadata.Add(new HttpMethodMetadata(["POST"], acceptCorsPreflight: true));
            return metadata;
        }
    }
}
