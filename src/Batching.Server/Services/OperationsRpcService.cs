using Batching.Engine.Lifecycle;
using Batching.Rest.Calls;
using Batching.Server.Security.Identity;
using Batching.V1;
using Grpc.Core;

namespace Batching.Server.Services;

/// <summary>The RPCs of <c>batch.v1.OperationsService</c>: each hands its call to the engine, and names owners that are known.</summary>
internal sealed class OperationsRpcService(OperatorDesk desk, CallerResolver callers, ILogger<OperationsRpcService> logger)
    : OperationsService.OperationsServiceBase
{
    public override async Task<ListOwnersResponse> ListOwners(ListOwnersRequest request, ServerCallContext context)
    {
        var response = (await desk.ListOwnersAsync(request, context.CancellationToken)).OrThrow();
        foreach (var owner in response.Owners)
        {
            owner.Name = callers.FindName(owner.Id) ?? "";
        }

        return response;
    }

    public override async Task<ListOwnerBatchesResponse> ListOwnerBatches(
        ListOwnerBatchesRequest request, ServerCallContext context)
    {
        var page = (await desk.ListBatchesAsync(request, context.CancellationToken)).OrThrow();
        return new ListOwnerBatchesResponse { Batches = { page.Batches }, NextPageToken = page.NextPageToken };
    }

    public override async Task<CancelOwnerBatchResponse> CancelOwnerBatch(
        CancelOwnerBatchRequest request, ServerCallContext context)
    {
        var batch = (await desk.CancelAsync(request.BatchId, context.CancellationToken)).OrThrow();
        OperationsRpcLog.BatchCancelled(logger, batch.Id);
        return new CancelOwnerBatchResponse { Batch = batch };
    }
}
