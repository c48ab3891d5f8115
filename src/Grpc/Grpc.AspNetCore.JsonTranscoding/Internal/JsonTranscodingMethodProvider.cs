using System.Reflection;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.AspNetCore.JsonTranscoding.Internal.Binding;
using Grpc.AspNetCore.JsonTranscoding.Internal.Calls;
using Grpc.AspNetCore.JsonTranscoding.Internal.Templates;
using Grpc.AspNetCore.Server;
using Grpc.AspNetCore.Server.Internal.Shared;
using Grpc.AspNetCore.Server.Model;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Grpc.AspNetCore.JsonTranscoding.Internal;

/// <summary>
/// Adds an HTTP endpoint for each <c>google.api.http</c> rule of a service that the gRPC server maps.
/// </summary>
internal sealed class JsonTranscodingMethodProvider<TService>(
    TranscodingServer server,
    ServiceLifetimes lifetimes,
    IOptions<GrpcServiceOptions> allOptions,
    IOptions<GrpcServiceOptions<TService>> serviceOptions,
    IServiceProvider services)
    : IServiceMethodProvider<TService>
    where TService : class
{
    private bool _hasRun;

    public void OnServiceMethodDiscovery(ServiceMethodProviderContext<TService> context)
    {
        if (FindDescriptor() is not { } descriptor)
        {
            return;
        }

        server.Json.Codecs.AddTypes(descriptor.File);
        var all = allOptions.Value;
        var own = serviceOptions.Value;
        var environment = new CallEnvironment(
            server.Logger,
            server.Time,
            server.Writers,
            server.Errors,
            own.EnableDetailedErrors ?? all.EnableDetailedErrors ?? false);
        var factory = new RouteFactory(
            server.Options, server.Json, server.Plain, own.MaxReceiveMessageSize ?? all.MaxReceiveMessageSize);
        var routes = descriptor.Methods.ToDictionary(m => m.Name, factory.Create);
        Claim(routes.Values.SelectMany(r => r));
        ServiceMethods.TryVisit(new Visitor(
            context,
            routes,
            environment,
            new ServiceInvoker<TService>(services, lifetimes.IsSingleton(typeof(TService))),
            new InterceptorPipeline([.. all.Interceptors, .. own.Interceptors], services)));
    }

    /// <summary>The descriptor of the generated service; null for a class that no .proto file stands behind.</summary>
    private static Google.Protobuf.Reflection.ServiceDescriptor? FindDescriptor() =>
        BindMethodFinder.GetBindMethod(typeof(TService))?.DeclaringType?
            .GetProperty("Descriptor", BindingFlags.Public | BindingFlags.Static)?
            .GetValue(null) as Google.Protobuf.Reflection.ServiceDescriptor;

    private void Claim(IEnumerable<TranscodedRoute> routes)
    {
        // A service may be mapped more than once, for several hosts say; then its routes are its own already.
        if (_hasRun)
        {
            return;
        }

        _hasRun = true;
        foreach (var route in routes)
        {
            server.Claim(route);
            JsonTranscodingLog.RouteAdded(server.Logger, route.HttpMethod, route.Template, route.Method.FullName);
        }
    }

    private sealed class Visitor(
        ServiceMethodProviderContext<TService> context,
        Dictionary<string, IReadOnlyList<TranscodedRoute>> routes,
        CallEnvironment environment,
        ServiceInvoker<TService> invoker,
        InterceptorPipeline interceptors)
        : IServiceMethodVisitor<TService>
    {
        public void Unary<TRequest, TResponse>(
            Method<TRequest, TResponse> method,
            IList<object> metadata,
            UnaryServerMethod<TService, TRequest, TResponse> handler)
            where TRequest : class
            where TResponse : class
        {
            var bound = interceptors.Wrap(invoker.Bind(handler));
            foreach (var route in routes[method.Name])
            {
                var calls = new UnaryCallHandler<TRequest, TResponse>(route, method, environment, bound);
                Add(method, metadata, route, calls.InvokeAsync);
            }
        }

        public void ServerStreaming<TRequest, TResponse>(
            Method<TRequest, TResponse> method,
            IList<object> metadata,
            ServerStreamingServerMethod<TService, TRequest, TResponse> handler)
            where TRequest : class
            where TResponse : class
        {
            var bound = interceptors.Wrap(invoker.Bind(handler));
            foreach (var route in routes[method.Name])
            {
                var calls = new StreamCallHandler<TRequest, TResponse>(route, method, environment, bound);
                Add(method, metadata, route, calls.InvokeAsync);
            }
        }

        // Their rules, if they had any, have been refused.
        public void ClientStreaming<TRequest, TResponse>(
            Method<TRequest, TResponse> method,
            IList<object> metadata,
            ClientStreamingServerMethod<TService, TRequest, TResponse> handler)
            where TRequest : class
            where TResponse : class
        {
        }

        public void DuplexStreaming<TRequest, TResponse>(
            Method<TRequest, TResponse> method,
            IList<object> metadata,
            DuplexStreamingServerMethod<TService, TRequest, TResponse> handler)
            where TRequest : class
            where TResponse : class
        {
        }

        private void Add<TRequest, TResponse>(
            Method<TRequest, TResponse> method, IList<object> metadata, TranscodedRoute route, RequestDelegate invoke)
            where TRequest : class
            where TResponse : class
        {
            List<object> all = [.. metadata, route];
            if (route.HttpMethod != "*")
            {
                route.Methods = HttpMethods(route);
                all.Add(new HttpMethodMetadata(route.Methods, acceptCorsPreflight: true));
            }

            context.AddMethod(method, RoutePatterns.Create(route.ParsedTemplate), all, invoke);
        }

        /// <summary>
        /// RFC 9110, section 9.3.2: HEAD works where GET does. A stream has no end to wait for, so it is left
        /// out.
        /// </summary>
        private string[] HttpMethods(TranscodedRoute route)
        {
            var hasHead = route.HttpMethod != "GET" || route.Method.IsServerStreaming ||
                routes.Values.SelectMany(r => r).Any(other =>
                    other.HttpMethod is "HEAD" && other.ParsedTemplate.Shape == route.ParsedTemplate.Shape);
            return hasHead ? [route.HttpMethod] : ["GET", "HEAD"];
        }
    }
}
