using System.Buffers;
using Batching.Engine.Configuration;
using Batching.Engine.Delivery;
using Batching.Engine.Detection;
using Batching.Engine.Lifecycle;
using Batching.Engine.Model;
using Batching.Engine.Submission;
using Batching.Rest.Calls;
using Batching.Rest.Requests;
using Batching.V1;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Options;

namespace Batching.Server.Services;

/// <summary>The RPCs of <c>batch.v1.BatchService</c>: each hands its call to the engine.</summary>
[BindServiceMethod(typeof(BatchRpcBinding), nameof(BatchRpcBinding.BindService))]
internal sealed class BatchRpcService(
    BatchSubmitter submitter,
    BatchUploader uploader,
    BatchAppender appender,
    BatchSealer sealer,
    BatchReader batches,
    BatchWatcher watcher,
    ResultFetcher fetcher,
    ResultStreamer streamer,
    BodyReader bodies,
    BatchCanceller canceller,
    BatchDeleter deleter,
    PaginationDetector detector,
    IOptions<BatchEngineOptions> options,
    IHostApplicationLifetime lifetime,
    TimeProvider time) : BatchService.BatchServiceBase
{
    private const int MaxChunkBytes = 1024 * 1024;

    // Tag and length around what a record of SubmitBatch holds.
    private const int WrapperBytes = 8;

    private static readonly WriteOptions Buffered = new(WriteFlags.BufferHint);

    private readonly LimitOptions _limits = options.Value.Limits;

    public override async Task<CreateBatchResponse> CreateBatch(CreateBatchRequest request, ServerCallContext context)
    {
        var answer = await submitter.SubmitAsync(
            context.GetCallerWithClient(),
            SubmissionTerms.Of(request, context.GetIdempotencyKey(_limits)),
            request.Requests,
            [],
            _limits.MessageBytes,
            context.CancellationToken);
        return new CreateBatchResponse { Batch = answer.OrThrow() };
    }

    public override async Task SubmitBatch(
        SubmitBatchRequest request, IServerStreamWriter<SubmitBatchResponse> responseStream, ServerCallContext context)
    {
        var caller = context.GetCallerWithClient();
        using var reservation = streamer.Reserve(caller, request.RequestFields).OrThrow();
        var batchId = await SubmitAsync(caller, request, responseStream, context);
        using var feed = await streamer.OpenAsync(
                reservation, batchId, _limits.MessageBytes - WrapperBytes, context.CancellationToken)
            ?? throw new RpcException(new Status(StatusCode.Aborted, "The batch was deleted."));
        var message = new SubmitBatchResponse();
        await StreamAsync(
            feed,
            responseStream,
            record =>
            {
                message.Result = record;
                return message;
            },
            context);
    }

    public override async Task<UploadBatchResponse> UploadBatch(
        IAsyncStreamReader<UploadBatchRequest> requestStream, ServerCallContext context)
    {
        var answer = await uploader.UploadAsync(
            context.GetCallerWithClient(),
            context.GetIdempotencyKey(_limits),
            requestStream.ReadAllAsync(),
            lifetime.ApplicationStopping,
            context.CancellationToken);
        return new UploadBatchResponse { Batch = answer.OrThrow() };
    }

    public override async Task<AppendRequestsResponse> AppendRequests(AppendRequestsRequest request, ServerCallContext context)
    {
        var answer = await appender.AppendAsync(
            context.GetCaller(),
            request.BatchId,
            request.HasOffset ? request.Offset : null,
            request.Requests,
            [],
            _limits.MessageBytes,
            context.CancellationToken);
        return new AppendRequestsResponse { Batch = answer.OrThrow() };
    }

    public override async Task<SealBatchResponse> SealBatch(SealBatchRequest request, ServerCallContext context)
    {
        var answer = await sealer.SealAsync(context.GetCaller(), request.BatchId, context.CancellationToken);
        return new SealBatchResponse { Batch = answer.OrThrow() };
    }

    public override async Task<GetBatchStatusResponse> GetBatchStatus(
        GetBatchStatusRequest request, ServerCallContext context)
    {
        var answer = await batches.GetStatusAsync(context.GetCaller(), request, context.CancellationToken);
        return new GetBatchStatusResponse { Batch = answer.OrThrow() };
    }

    public override async Task<FetchBatchResponse> FetchBatch(FetchBatchRequest request, ServerCallContext context)
    {
        var answer = await fetcher.FetchAsync(context.GetCaller(), request, context.CancellationToken);
        var page = answer.OrThrow();
        context.GetHttpContext().Response.RegisterForDispose(page);
        DeliveringReply.Watch(context, page.Delivery);
        return page.Response;
    }

    public override async Task FetchResults(
        FetchResultsRequest request, IServerStreamWriter<FetchResultsResponse> responseStream, ServerCallContext context)
    {
        var answer = await streamer.OpenAsync(context.GetCaller(), request, context.CancellationToken);
        using var feed = answer.OrThrow();

        context.GetHttpContext().Response.SetStreamHeaders();
        await StreamAsync(feed, responseStream, static record => record, context);
    }

    public override async Task ReadBody(
        ReadBodyRequest request, IServerStreamWriter<ReadBodyResponse> responseStream, ServerCallContext context)
    {
        var answer = await bodies.OpenAsync(
            context.GetCaller(), request.BatchId, request.RequestId, context.CancellationToken);
        using var body = answer.OrThrow();
        if (request.Offset < 0 || request.Offset > body.Length)
        {
            throw new Refusal.Invalid("offset", $"must be 0 to {body.Length}, the bytes of the body").ToStatus().ToRpcException();
        }

        // The same message and the same memory for each chunk: it is encoded when its write returns.
        var most = Math.Min(body.Length, Math.Min(MaxChunkBytes, _limits.MessageBytes - 64));
        var buffer = ArrayPool<byte>.Shared.Rent(most);
        try
        {
            var message = new ReadBodyResponse { Size = body.Length };
            var offset = (int)request.Offset;
            do
            {
                var chunk = buffer.AsMemory(0, Math.Min(most, body.Length - offset));
                if (!await body.ReadAsync(offset, chunk, context.CancellationToken))
                {
                    throw new RpcException(new Status(StatusCode.Aborted, "The body was deleted."));
                }

                message.Chunk = UnsafeByteOperations.UnsafeWrap(chunk);
                await responseStream.WriteAsync(message, context.CancellationToken);
                offset += chunk.Length;
            }
            while (offset < body.Length);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    public override async Task<ListBatchesResponse> ListBatches(ListBatchesRequest request, ServerCallContext context)
    {
        var answer = await batches.ListAsync(context.GetCaller(), request, context.CancellationToken);
        return answer.OrThrow();
    }

    public override async Task WatchBatches(
        WatchBatchesRequest request, IServerStreamWriter<WatchBatchesResponse> responseStream, ServerCallContext context)
    {
        using var feed = watcher.Open(context.GetCaller(), request).OrThrow();
        var http = context.GetHttpContext();
        http.Response.SetStreamHeaders();
        await using var records = feed.ReadAsync(lifetime.ApplicationStopping, context.CancellationToken)
            .GetAsyncEnumerator(CancellationToken.None);
        var found = await StreamHead.ReadFirstAsync(records, () => SendHeadAsync(context, http, http.IsGrpc()), time);
        for (; found; found = await records.MoveNextAsync())
        {
            await responseStream.WriteAsync(records.Current);
        }
    }

    public override async Task<CancelBatchResponse> CancelBatch(CancelBatchRequest request, ServerCallContext context)
    {
        var answer = await canceller.CancelAsync(context.GetCaller(), request.BatchId, context.CancellationToken);
        return new CancelBatchResponse { Batch = answer.OrThrow() };
    }

    public override async Task<DeleteBatchResponse> DeleteBatch(DeleteBatchRequest request, ServerCallContext context)
    {
        var answer = await deleter.DeleteAsync(context.GetCaller(), request.BatchId, context.CancellationToken);
        return new DeleteBatchResponse { Batch = answer.OrThrow() };
    }

    public override async Task<DetectPaginationResponse> DetectPagination(
        DetectPaginationRequest request, ServerCallContext context)
    {
        var answer = await detector.DetectAsync(
            context.GetCallerWithClient(), request.Request, [], context.CancellationToken);
        return answer.OrThrow();
    }

    // By itself, so that a stream that may last for long holds neither what was submitted nor the reply to it.
    private async Task<string> SubmitAsync(
        Caller caller, SubmitBatchRequest request, IServerStreamWriter<SubmitBatchResponse> responseStream, ServerCallContext context)
    {
        var submission = request.Batch ?? new CreateBatchRequest();
        request.Batch = null;
        var answer = await submitter.SubmitAsync(
            caller,
            SubmissionTerms.Of(submission, context.GetIdempotencyKey(_limits)),
            submission.Requests,
            [],
            _limits.MessageBytes - WrapperBytes,
            context.CancellationToken);
        var batch = answer.OrThrow();
        var http = context.GetHttpContext();
        http.Response.SetStreamHeaders();
        await responseStream.WriteAsync(new SubmitBatchResponse { Batch = batch });
        RequestMemory.Find(http)?.Dispose();
        return batch.Id;
    }

    private async Task StreamAsync<T>(
        ResultFeed feed, IServerStreamWriter<T> responseStream, Func<FetchResultsResponse, T> wrap, ServerCallContext context)
    {
        // The transcoder's streams can't wait: they throw when they are asked to (10.0.15).
        var http = context.GetHttpContext();
        var canWait = http.IsGrpc();
        await using var records = feed.ReadAsync(lifetime.ApplicationStopping, context.CancellationToken)
            .GetAsyncEnumerator(CancellationToken.None);
        var found = http.Response.HasStarted
            ? await records.MoveNextAsync()
            : await StreamHead.ReadFirstAsync(records, () => SendHeadAsync(context, http, canWait), time);
        long? lastPosition = null;
        for (; found; found = await records.MoveNextAsync())
        {
            var (record, moreAtHand) = records.Current;

            // The client gets a handful of records at once, and the last of them right now. The end of the stream leaves
            // with the end of the reply, of which it is to be known whether it was written.
            var isEnd = record.RecordCase == FetchResultsResponse.RecordOneofCase.End;
            if (canWait)
            {
                responseStream.WriteOptions = moreAtHand || isEnd ? Buffered : null;
            }

            // Without the token of the call, which would be registered for each record: the call's end ends a write in any case.
            await responseStream.WriteAsync(wrap(record));
            lastPosition = isEnd ? record.Position : null;
        }

        feed.ReceiveWhenDelivered(lastPosition, context);
    }

    // The transcoder's calls have no way to do that (10.0.15).
    private static async Task SendHeadAsync(ServerCallContext context, HttpContext http, bool isGrpc)
    {
        if (isGrpc)
        {
            await context.WriteResponseHeadersAsync([]);
            return;
        }

        http.Response.ContentType = "application/json; charset=utf-8";
        await http.Response.BodyWriter.FlushAsync(context.CancellationToken);
    }
}
