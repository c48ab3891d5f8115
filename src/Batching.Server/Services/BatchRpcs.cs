using Batching.Engine;
using Batching.Server.Dialects.V0;
using Batching.Server.Dialects.V2;
using Grpc.AspNetCore.JsonTranscoding;
using Grpc.AspNetCore.Server;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace Batching.Server.Services;

/// <summary>Adds the RPCs and their REST paths.</summary>
internal static class BatchRpcs
{
    public static IServiceCollection AddBatchRpcs(this IServiceCollection services)
    {
        services.AddGrpc(grpc => grpc.Interceptors.Add<StoreErrorInterceptor>())
            .AddJsonTranscoding();
        services.AddOptions<JsonTranscodingOptions>().Configure<IOptions<BatchEngineOptions>>((transcoding, engine) =>
        {
            transcoding.MaxRequestBodyMemory = engine.Value.Limits.DecodedBytes;
            transcoding.Dialects.Add("/api/v0", new V0Dialect(engine.Value.Limits.JsonDepth));
            transcoding.Dialects.Add("/api/v2", new V2Dialect(engine.Value.Limits.JsonDepth));
        });
        // They hold nothing of a call, so that one of each serves all.
        services.AddSingleton<BatchRpcService>();
        services.AddSingleton<KeyedBatchRpcService>();
        services.AddOptions<GrpcServiceOptions>().Configure<IOptions<BatchEngineOptions>>((grpc, engine) =>
        {
            grpc.MaxReceiveMessageSize = engine.Value.Limits.SubmissionBytes;
            grpc.MaxReceiveMessageMemory = engine.Value.Limits.DecodedBytes;
        });
        services.AddOptions<KestrelServerOptions>().Configure<IOptions<BatchEngineOptions>>((kestrel, engine) =>
            LimitUrls(kestrel.Limits, engine.Value.Limits.UrlLength));
        return services;
    }

    // Over HTTP/1.1 the URL stands in a line with the method and the version, over HTTP/2 it is a field among others.
    private static void LimitUrls(KestrelServerLimits limits, int bytes)
    {
        limits.MaxRequestLineSize = bytes + 32;
        limits.Http2.MaxRequestHeaderFieldSize = Math.Max(bytes, limits.Http2.MaxRequestHeaderFieldSize);
        limits.MaxRequestHeadersTotalSize = Math.Max(2 * bytes, limits.MaxRequestHeadersTotalSize);
    }
}
