using Batching.Engine;
using Batching.Server.Dialects.V0;
using Batching.Server.Dialects.V2;
using Grpc.AspNetCore.JsonTranscoding;
using Grpc.AspNetCore.Server;
using Microsoft.Extensions.Options;

namespace Batching.Server.Services;

/// <summary>Adds the RPCs and their REST paths.</summary>
internal static class BatchRpcs
{
    public static IServiceCollection AddBatchRpcs(this IServiceCollection services)
    {
        services.AddGrpc(grpc => grpc.Interceptors.Add<StoreErrorInterceptor>())
            .AddJsonTranscoding(transcoding =>
            {
                transcoding.Dialects.Add("/api/v0", new V0Dialect());
                transcoding.Dialects.Add("/api/v2", new V2Dialect());
            });
        // They hold nothing of a call, so that one of each serves all.
        services.AddSingleton<BatchRpcService>();
        services.AddSingleton<KeyedBatchRpcService>();
        services.AddOptions<GrpcServiceOptions>().Configure<IOptions<BatchEngineOptions>>((grpc, engine) =>
            grpc.MaxReceiveMessageSize = engine.Value.Limits.SubmissionBytes);
        return services;
    }
}
