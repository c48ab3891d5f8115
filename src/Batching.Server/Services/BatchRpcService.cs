using Batching.Engine;
using Batching.Engine.Delivery;
using Batching.Engine.Scheduling;
using Batching.Engine.Submission;
using Batching.Rest.Calls;
using Batching.V1;
using Grpc.Core;

namespace Batching.Server.Services;

/// <summary>The RPCs of <c>batch.v1.BatchService</c>: each hands its call to the engine.</summary>
[BindServiceMethod(typeof(BatchRpcBinding), nameof(BatchRpcBinding.BindService))]
internal sealed class BatchRpcService(
    BatchSubmitter submitter,
    BatchUploader uploader,
    StatusReader status,
    ResultFetcher fetcher,
    ResultStreamer streamer,
    BatchCanceller canceller,
    IHostApplicationLifetime lifetime) : BatchService.BatchServiceBase
{
    private static readonly WriteOptions Buffered = new(WriteFlags.BufferHint);

    public override async Task<CreateBatchResponse> CreateBatch(CreateBatchRequest request, ServerCallContext context)
    {
        var answer = await submitter.SubmitAsync(
            context.GetCallerWithOrigin(),
            request.Requests,
            [],
            context.CancellationToken);
        return new CreateBatchResponse { Batch = answer.OrThrow() };
    }

    public override async Task<UploadBatchResponse> UploadBatch(
        IAsyncStreamReader<UploadBatchRequest> requestStream, ServerCallContext context)
    {
        var answer = await uploader.UploadAsync(
            context.GetCallerWithOrigin(),
            requestStream.ReadAllAsync().Select(IReadOnlyList<Request> (message) => message.Requests),
            lifetime.ApplicationStopping,
            context.CancellationToken);
        return new UploadBatchResponse { Batch = answer.OrThrow() };
    }

    public override async Task<GetBatchStatusResponse> GetBatchStatus(
        GetBatchStatusRequest request, ServerCallContext context)
    {
        var answer = await status.GetStatusAsync(context.GetCaller(), request, context.CancellationToken);
        return new GetBatchStatusResponse { Batch = answer.OrThrow() };
    }

    public override async Task<FetchBatchResponse> FetchBatch(FetchBatchRequest request, ServerCallContext context)
    {
        var answer = await fetcher.FetchAsync(context.GetCaller(), request, context.CancellationToken);
        var page = answer.OrThrow();
        DeliveringReply.Watch(context, page.Complete);
        return page.Response;
    }

    public override async Task FetchResults(
        FetchResultsRequest request, IServerStreamWriter<FetchResultsResponse> responseStream, ServerCallContext context)
    {
        var answer = await streamer.OpenAsync(context.GetCaller(), request, context.CancellationToken);
        using var feed = answer.OrThrow();

        // The transcoder's streams can't wait: they throw when they are asked to (10.0.15).
        var canWait = context.GetHttpContext().IsGrpc();
        long? lastPosition = null;
        await foreach (var (record, moreAtHand) in feed.ReadAsync(lifetime.ApplicationStopping, context.CancellationToken))
        {
            // The client gets a handful of records at once, and the last of them right now. The end of the stream leaves
            // with the end of the reply, of which it is to be known whether it was written.
            var isEnd = record.RecordCase == FetchResultsResponse.RecordOneofCase.End;
            if (canWait)
            {
                responseStream.WriteOptions = moreAtHand || isEnd ? Buffered : null;
            }

            await responseStream.WriteAsync(record, context.CancellationToken);
            lastPosition = isEnd ? record.Position : null;
        }

        feed.ReceiveWhenDelivered(lastPosition, context);
    }

    public override async Task<ListBatchesResponse> ListBatches(ListBatchesRequest request, ServerCallContext context)
    {
        var answer = await status.ListAsync(context.GetCaller(), request, context.CancellationToken);
        return answer.OrThrow();
    }

    public override async Task<CancelBatchResponse> CancelBatch(CancelBatchRequest request, ServerCallContext context)
    {
        var answer = await canceller.CancelAsync(context.GetCaller(), request.BatchId, context.CancellationToken);
        return new CancelBatchResponse { Batch = answer.OrThrow() };
    }

    public override async Task<DeleteBatchResponse> DeleteBatch(DeleteBatchRequest request, ServerCallContext context)
    {
        var answer = await canceller.DeleteAsync(context.GetCaller(), request.BatchId, context.CancellationToken);
        return new DeleteBatchResponse { Batch = answer.OrThrow() };
    }
}
