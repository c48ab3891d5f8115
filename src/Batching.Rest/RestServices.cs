using Batching.Contracts.Rest;
using Batching.Engine.Configuration;
using Batching.Rest.Calls;
using Batching.Rest.V0;
using Batching.Rest.V2;
using Grpc.AspNetCore.Server;
using Grpc.AspNetCore.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Grpc.JsonTranscoding;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.RequestDecompression;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace Batching.Rest;

/// <summary>Adds the REST paths: those with a form of their own, and the contract's own by the official transcoder.</summary>
internal static class RestServices
{
    /// <summary>Adds what REST calls need. Goes with <c>AddGrpc</c>.</summary>
    public static IGrpcServerBuilder AddRest(this IGrpcServerBuilder grpc)
    {
        grpc.AddJsonTranscoding(static transcoding =>
        {
            transcoding.TypeRegistry = ErrorDetails.Types;

            // As proto3 JSON has them: beyond 2^53 many readers of JSON lose digits.
            transcoding.JsonSettings.WriteInt64sAsStrings = true;
        });

        // They hold nothing of a call, so that one of each serves all.
        grpc.Services.AddSingleton<V0Service>().AddSingleton<V0WebhooksService>().AddSingleton<V2Service>();
        grpc.Services.AddOwnPaths(V0BatchService.Descriptor, V0WebhookService.Descriptor, V2BatchService.Descriptor);
        grpc.Services.AddRequestDecompression(decompression =>
            decompression.DecompressionProviders.Add("x-gzip", decompression.DecompressionProviders["gzip"]));
        return grpc;
    }

    /// <summary>
    /// Prepares REST calls for the transcoder. Goes behind everything that refuses calls and in front of the endpoints.
    /// </summary>
    public static IApplicationBuilder UseRest(this IApplicationBuilder app) =>
        app.UseRequestDecompression().UseMiddleware<RestCallMiddleware>();

    /// <summary>Maps the paths that have a form of their own.</summary>
    /// <returns>Their endpoints.</returns>
    public static IEnumerable<IEndpointConventionBuilder> MapRest(this IEndpointRouteBuilder endpoints)
    {
        yield return endpoints.MapGrpcService<V0Service>().WithRest().WithoutGrpc(V1.BatchService.Descriptor);
        yield return endpoints.MapGrpcService<V0WebhooksService>().WithRest().WithoutGrpc(V1.WebhookService.Descriptor);
        yield return endpoints.MapGrpcService<V2Service>().WithRest().WithoutGrpc(V1.KeyedBatchService.Descriptor);
    }

    /// <summary>
    /// Makes the REST paths of a service what they should be: none is gRPC-Web, and HEAD is served where GET is (RFC 9110,
    /// section 9.3.2) unless that is a stream, which has no end to speak of.
    /// </summary>
    public static TBuilder WithRest<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder
    {
        builder.Add(static endpoint =>
        {
            if (endpoint.Metadata.OfType<GrpcJsonTranscodingMetadata>().FirstOrDefault() is not { } rest)
            {
                return;
            }

            endpoint.Metadata.Add(new DisableGrpcWebAttribute());
            if (rest.HttpRule.HasGet && !rest.MethodDescriptor.IsServerStreaming)
            {
                endpoint.Metadata.Add(new HttpMethodMetadata([HttpMethods.Get, HttpMethods.Head]));
            }
        });
        return builder;
    }

    /// <summary>Refuses gRPC calls of a service whose messages have nothing that a gRPC client could use.</summary>
    public static TBuilder WithoutGrpc<TBuilder>(this TBuilder builder, ServiceDescriptor instead)
        where TBuilder : IEndpointConventionBuilder
    {
        builder.Add(endpoint =>
        {
            if (!endpoint.Metadata.OfType<GrpcJsonTranscodingMetadata>().Any())
            {
                endpoint.RequestDelegate = context => context.RefuseAsync(CallError.Of(
                    CallErrorKinds.RestOnly, $"This service is for REST calls. Call {instead.FullName}."));
            }
        });
        return builder;
    }
}
