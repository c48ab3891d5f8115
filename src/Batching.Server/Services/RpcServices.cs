using System.IO.Compression;
using Batching.Engine.Configuration;
using Batching.Rest;
using Batching.Rest.Calls;
using Batching.Server.Configuration;
using Batching.V1;
using Google.Rpc;
using Grpc.AspNetCore.Server;
using Grpc.HealthCheck;
using Grpc.Net.Compression;
using Grpc.Reflection;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace Batching.Server.Services;

/// <summary>Adds the RPCs and their REST paths.</summary>
internal static class RpcServices
{
    private const int MaxNameBytes = 16 * 1024;

    /// <summary>
    /// The services that reflection and health tell of: those for REST calls alone are of no use to those who ask.
    /// </summary>
    public static IReadOnlyList<ServiceDescriptor> Described { get; } =
    [
        BatchService.Descriptor,
        KeyedBatchService.Descriptor,
        GatewayService.Descriptor,
        WebhookService.Descriptor,
        Grpc.Health.V1.Health.Descriptor,
        Grpc.Reflection.V1.ServerReflection.Descriptor,
        Grpc.Reflection.V1Alpha.ServerReflection.Descriptor,
    ];

    /// <summary>Adds the services of RPCs.</summary>
    /// <param name="services">Where to.</param>
    /// <param name="hasOperators">Whether <see cref="MapOperations"/> is called: reflection tells of that service, too.</param>
    public static IServiceCollection AddRpcs(this IServiceCollection services, bool hasOperators)
    {
        services.AddGrpc(static grpc => grpc.Interceptors.Add<CallErrorInterceptor>()).AddRest();
        services.AddSingleton<CallErrorInterceptor>();
        services.AddHttpContextAccessor();

        // They hold nothing of a call, so that one of each serves all.
        services.AddSingleton<BatchRpcService>();
        services.AddSingleton<KeyedBatchRpcService>();
        services.AddSingleton<OperationsRpcService>();
        services.AddSingleton<GatewayRpcService>().AddSingleton<GatewayFacts>().AddSingleton<WebhookRpcService>();
        services.AddOwnPaths(
            BatchService.Descriptor, KeyedBatchService.Descriptor, GatewayService.Descriptor, WebhookService.Descriptor);
        services.AddOptions<GrpcServiceOptions>().Configure<IOptions<BatchEngineOptions>>((grpc, engine) =>
        {
            var limit = engine.Value.Limits.SubmissionBytes;
            grpc.MaxReceiveMessageSize = limit;
            grpc.CompressionProviders =
            [
                new CheckedCompression(new GzipCompressionProvider(CompressionLevel.Fastest), limit),
                new CheckedCompression(new DeflateCompressionProvider(CompressionLevel.Fastest), limit),
            ];
        });
        services.AddOptions<KestrelServerOptions>().Configure<IOptions<BatchEngineOptions>>((kestrel, engine) =>
            LimitUrls(kestrel.Limits, UrlLimit.ServerBytes(engine.Value.Limits)));
        services.AddGrpcReflection();
        LimitMessages<ReflectionServiceImpl>(services);
        LimitMessages<ReflectionV1ServiceImpl>(services);
        LimitMessages<HealthServiceImpl>(services);
        LimitMessages<OperationsRpcService>(services);
        ServiceDescriptor[] described = hasOperators ? [.. Described, OperationsService.Descriptor] : [.. Described];
        var names = described.Select(service => service.FullName);

        // With the details that errors may have: whoever shows them has to know their types.
        var symbols = SymbolRegistry.FromFiles([.. described.Select(service => service.File), ErrorDetailsReflection.Descriptor]);
        services.AddSingleton(new ReflectionServiceImpl(names, symbols));
        services.AddSingleton(new ReflectionV1ServiceImpl(names, symbols));
        return services;
    }

    /// <summary>Maps the services of the contract, over gRPC and as proto3 JSON, and the REST paths with forms of their own.</summary>
    /// <returns>Their endpoints.</returns>
    public static IEnumerable<IEndpointConventionBuilder> MapRpcs(this IEndpointRouteBuilder endpoints)
    {
        var tellsNobody = endpoints.ServiceProvider.GetRequiredService<IConfiguration>().GetDisclosure() == Disclosure.Nobody;
        var limit = endpoints.ServiceProvider.GetRequiredService<IOptions<BatchEngineOptions>>().Value.Limits.DecodedBytes;
        return
        [
            endpoints.MapBoundedGrpcService<BatchRpcService>(limit).WithRest(),
            endpoints.MapBoundedGrpcService<KeyedBatchRpcService>(limit).WithRest(),
            endpoints.MapBoundedGrpcService<WebhookRpcService>(limit).WithRest(),
            .. tellsNobody ? [] : (IEndpointConventionBuilder[])[endpoints.MapBoundedGrpcService<GatewayRpcService>(limit).WithRest()],
            .. endpoints.MapRest(),
        ];
    }

    /// <summary>Maps what operators may do. It is for their address only.</summary>
    public static IEndpointConventionBuilder MapOperations(this IEndpointRouteBuilder endpoints) =>
        endpoints.MapGrpcService<OperationsRpcService>().WithRest();

    // Whoever calls these need not say who it is, and what it asks for is a name.
    private static void LimitMessages<TService>(IServiceCollection services)
        where TService : class =>
        services.Configure<GrpcServiceOptions<TService>>(static grpc => grpc.MaxReceiveMessageSize = MaxNameBytes);

    // Over HTTP/1.1 the URL stands in a line with the method and the version, over HTTP/2 it is a field among others.
    private static void LimitUrls(KestrelServerLimits limits, int bytes)
    {
        limits.MaxRequestLineSize = bytes + 32;
        limits.Http2.MaxRequestHeaderFieldSize = Math.Max(bytes, limits.Http2.MaxRequestHeaderFieldSize);
        limits.MaxRequestHeadersTotalSize = Math.Max(2 * bytes, limits.MaxRequestHeadersTotalSize);
    }
}
