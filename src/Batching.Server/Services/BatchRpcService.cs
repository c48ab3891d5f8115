using Batching.Engine;
using Batching.Engine.Delivery;
using Batching.Engine.Scheduling;
using Batching.Engine.Submission;
using Batching.Server.Security.Identity;
using Batching.V1;
using Grpc.Core;

namespace Batching.Server.Services;

/// <summary>The RPCs of <c>batch.v1.BatchService</c>: each hands its call to the engine.</summary>
internal sealed class BatchRpcService(
    BatchSubmitter submitter,
    BatchUploader uploader,
    StatusReader status,
    ResultFetcher fetcher,
    ResultStreamer streamer,
    BatchCanceller canceller,
    IHostApplicationLifetime lifetime) : BatchService.BatchServiceBase
{
    public override async Task<CreateBatchResponse> CreateBatch(CreateBatchRequest request, ServerCallContext context)
    {
        var answer = await submitter.SubmitAsync(
            context.GetCaller() with { Origin = context.GetOrigin() },
            request.Requests,
            context.GetKnownProblems(),
            context.CancellationToken);
        return new CreateBatchResponse { Batch = answer.OrThrow() };
    }

    public override async Task<UploadBatchResponse> UploadBatch(
        IAsyncStreamReader<UploadBatchRequest> requestStream, ServerCallContext context)
    {
        var answer = await uploader.UploadAsync(
            context.GetCaller() with { Origin = context.GetOrigin() },
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
        context.OnReplied(page.Complete);
        return page.Response;
    }

    public override async Task FetchResults(
        FetchResultsRequest request, IServerStreamWriter<FetchResultsResponse> responseStream, ServerCallContext context)
    {
        var answer = await streamer.OpenAsync(context.GetCaller(), request, context.CancellationToken);
        using var feed = answer.OrThrow();
        long? lastPosition = null;
        await foreach (var (record, moreAtHand) in feed.ReadAsync(lifetime.ApplicationStopping, context.CancellationToken))
        {
            // The client gets a handful of records at once, and the last of them right now. The end of the stream leaves
            // with the end of the reply, of which it is to be known whether it was written.
            var isEnd = record.RecordCase == FetchResultsResponse.RecordOneofCase.End;
            responseStream.WriteOptions = moreAtHand || isEnd ? BufferedWrite.Options : null;
            await responseStream.WriteAsync(record, context.CancellationToken);
            lastPosition = isEnd ? record.Position : null;
        }

        if (lastPosition is not { } position)
        {
            throw new RpcException(new Status(StatusCode.Aborted, "The batch was deleted."));
        }

        context.OnReplied(received =>
        {
            if (received)
            {
                feed.ReceiveUpTo(position);
            }
        });
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
