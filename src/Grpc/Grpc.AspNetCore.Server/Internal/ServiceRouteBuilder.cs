using Grpc.AspNetCore.Server.Model;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>Makes the endpoints of a service class from what all providers found.</summary>
internal sealed class ServiceRouteBuilder<TService>(
    IEnumerable<IServiceMethodProvider<TService>> providers,
    ServerCallHandlerFactory<TService> handlers,
    IOptions<GrpcServiceOptions> options,
    ILoggerFactory loggerFactory)
    where TService : class
{
    private const string UnknownServicePattern =
        $"{{unimplementedService}}/{{unimplementedMethod:{GrpcUnimplementedConstraint.Name}}}";

    private readonly ILogger _logger = loggerFactory.CreateLogger("Grpc.AspNetCore.Server.Model.Internal.ServiceRouteBuilder");

    public List<IEndpointConventionBuilder> Build(IEndpointRouteBuilder routes)
    {
        var context = new ServiceMethodProviderContext<TService>(handlers, argument: null);
        foreach (var provider in providers)
        {
            provider.OnServiceMethodDiscovery(context);
        }

        var endpoints = new List<IEndpointConventionBuilder>();
        foreach (var method in context.Methods)
        {
            var endpoint = routes.Map(method.Pattern, method.Invoker);
            endpoint.Add(builder =>
            {
                foreach (var item in method.Metadata)
                {
                    builder.Metadata.Add(item);
                }

                builder.Metadata.Add(new GrpcMethodMetadata(typeof(TService), method.Method));
                builder.DisplayName = $"gRPC - {method.Pattern.RawText}";
            });
            endpoints.Add(endpoint);
            GrpcServerLog.AddedServiceMethod(_logger, method.Method.Name, method.Method.ServiceName, method.Pattern.RawText);
        }

        AddUnimplemented(routes, context.Methods.Select(static method => method.Method.ServiceName).Distinct());
        return endpoints;
    }

    private void AddUnimplemented(IEndpointRouteBuilder routes, IEnumerable<string> serviceNames)
    {
        foreach (var serviceName in serviceNames)
        {
            AddOnce(
                routes,
                $"{serviceName}/{{unimplementedMethod:{GrpcUnimplementedConstraint.Name}}}",
                $"gRPC - Unimplemented method for {serviceName}",
                httpContext =>
                {
                    GrpcServerLog.MethodUnimplemented(_logger, httpContext.Request.RouteValues["unimplementedMethod"]?.ToString());
                    return TrailersOnly.Write(httpContext, StatusCode.Unimplemented, "Method is unimplemented.");
                });
        }

        if (options.Value.IgnoreUnknownServices != true)
        {
            AddOnce(
                routes,
                UnknownServicePattern,
                "gRPC - Unimplemented service",
                httpContext =>
                {
                    GrpcServerLog.ServiceUnimplemented(_logger, httpContext.Request.RouteValues["unimplementedService"]?.ToString());
                    return TrailersOnly.Write(httpContext, StatusCode.Unimplemented, "Service is unimplemented.");
                });
        }
    }

    // Several classes are mapped to one builder; two equal endpoints would be ambiguous.
    private static void AddOnce(IEndpointRouteBuilder routes, string pattern, string displayName, RequestDelegate answer)
    {
        var known = routes.DataSources.SelectMany(static source => source.Endpoints);
        if (known.Any(endpoint => endpoint.DisplayName == displayName))
        {
            return;
        }

        // No HTTP method here: routing would answer 405 to every GET of two segments. The constraint looks at it.
        var endpoint = routes.Map(pattern, answer);
        endpoint.Add(builder => builder.DisplayName = displayName);
    }
}
