using Grpc.AspNetCore.Server.Model;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>Makes the endpoints of a service class from what all providers found.</summary>
internal sealed class ServiceRouteBuilder<TService>(
    IEnumerable<IServiceMethodProvider<TService>> providers,
    ServerCallHandlerFactory<TService> handlers,
    MappedServices mappedServices,
    ILoggerFactory loggerFactory)
    where TService : class
{
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
            mappedServices.Add(method.Method.ServiceName);
            GrpcServerLog.AddedServiceMethod(_logger, method.Method.Name, method.Method.ServiceName, method.Pattern.RawText);
        }

        return endpoints;
    }
}
