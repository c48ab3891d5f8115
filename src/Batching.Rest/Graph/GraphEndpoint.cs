using Batching.Rest.Calls;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Grpc.JsonTranscoding;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;

namespace Batching.Rest.Graph;

/// <summary>Puts the path of batches where the configuration has it.</summary>
internal static class GraphEndpoint
{
    // What the contract has, and what follows in it stays as it is.
    private const string RulePath = "/v1.0/$batch";

    /// <summary>The path of batches.</summary>
    public static string PathOf(GraphOptions options) => $"{options.BasePath}/$batch";

    /// <summary>Moves the paths of the contract's rules to the configured one, and gives their errors their form.</summary>
    public static TBuilder At<TBuilder>(this TBuilder builder, GraphOptions options)
        where TBuilder : IEndpointConventionBuilder
    {
        builder.Add(endpoint =>
        {
            if (endpoint is RouteEndpointBuilder route && route.Metadata.OfType<GrpcJsonTranscodingMetadata>().Any())
            {
                route.RoutePattern = RoutePatternFactory.Parse(PathOf(options) + route.RoutePattern.RawText![RulePath.Length..]);
                route.Metadata.Add(RestForm.Graph);
            }
        });
        return builder;
    }
}
