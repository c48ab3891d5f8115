using Batching.Rest.Calls;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Grpc.JsonTranscoding;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;

namespace Batching.Rest.Graph;

/// <summary>Puts the path of batches where the configuration has it.</summary>
internal static class GraphEndpoint
{
    /// <summary>The path of batches.</summary>
    public static string PathOf(GraphOptions options) => $"{options.BasePath}/$batch";

    /// <summary>Moves the path of the contract's rule to the configured one, and gives its errors their form.</summary>
    public static TBuilder At<TBuilder>(this TBuilder builder, GraphOptions options)
        where TBuilder : IEndpointConventionBuilder
    {
        builder.Add(endpoint =>
        {
            if (endpoint is RouteEndpointBuilder route && route.Metadata.OfType<GrpcJsonTranscodingMetadata>().Any())
            {
                route.RoutePattern = RoutePatternFactory.Parse(PathOf(options));
                route.Metadata.Add(RestForm.Graph);
            }
        });
        return builder;
    }
}
