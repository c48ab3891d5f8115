using Batching.Engine.Keyed;
using Batching.Rest.Calls;
using Batching.V1;
using Grpc.Core;

namespace Batching.Server.Services;

/// <summary>The RPC of <c>batch.v1.KeyedBatchService</c>: hands its call to the engine.</summary>
[BindServiceMethod(typeof(KeyedBatchRpcBinding), nameof(KeyedBatchRpcBinding.BindService))]
internal sealed class KeyedBatchRpcService(KeyedBatchRunner runner) : KeyedBatchService.KeyedBatchServiceBase
{
    public override async Task<RunBatchResponse> RunBatch(RunBatchRequest request, ServerCallContext context)
    {
        var answer = await runner.RunAsync(
            context.GetCallerWithClient(), request, context.CancellationToken);
        var reply = answer.OrThrow();

        // The bodies are in pooled buffers until the last byte is written.
        context.GetHttpContext().Response.RegisterForDispose(reply);
        return reply.Response;
    }
}
