using Batching.Engine.Configuration;
using Batching.Engine.Keyed;
using Batching.Engine.Model;
using Batching.Rest.Calls;
using Batching.V1;
using Grpc.Core;
using Microsoft.Extensions.Options;

namespace Batching.Server.Services;

/// <summary>The RPC of <c>batch.v1.KeyedBatchService</c>: hands its call to the engine.</summary>
[BindServiceMethod(typeof(KeyedBatchRpcBinding), nameof(KeyedBatchRpcBinding.BindService))]
internal sealed class KeyedBatchRpcService(
    KeyedBatchRunner runner, KeyedBatchSubmitter submitter, IOptions<BatchEngineOptions> options) : KeyedBatchService.KeyedBatchServiceBase
{
    private readonly LimitOptions _limits = options.Value.Limits;

    public override async Task<RunBatchResponse> RunBatch(RunBatchRequest request, ServerCallContext context)
    {
        if (request.Async)
        {
            var stored = await submitter.SubmitAsync(
                context.GetCallerWithClient(),
                request,
                context.GetIdempotencyKey(_limits),
                new Dictionary<int, Problem>(),
                KeyedBatchSubmitter.ContractFields,
                context.CancellationToken);
            return new RunBatchResponse { Batch = stored.OrThrow() };
        }

        var answer = await runner.RunAsync(
            context.GetCallerWithClient(), request, context.CancellationToken);
        var reply = answer.OrThrow();

        // The bodies are in pooled buffers until the last byte is written.
        context.GetHttpContext().Response.RegisterForDispose(reply);
        return reply.Response;
    }
}
