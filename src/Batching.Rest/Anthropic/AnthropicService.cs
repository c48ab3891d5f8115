using Batching.Contracts.Anthropic;
using Batching.Engine.Configuration;
using Batching.Engine.Content;
using Batching.Engine.Drafts;
using Batching.Engine.Lifecycle;
using Batching.Engine.Model;
using Batching.Engine.Submission;
using Batching.Rest.Calls;
using Batching.Rest.Dialects;
using Batching.Rest.Replies;
using Batching.Rest.Requests;
using Google.Api;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Batching.Rest.Anthropic;

/// <summary>
/// The paths of Anthropic's Message Batches API: each reads its call, hands it to the engine, and writes what comes back.
/// </summary>
internal sealed class AnthropicService(
    BatchUploader uploader,
    AttributedBatches batches,
    BatchCanceller canceller,
    BatchDeleter deleter,
    ResultLines results,
    IOptions<AnthropicOptions> options,
    IOptions<BatchEngineOptions> engine,
    IHostApplicationLifetime lifetime,
    TimeProvider time) : MessageBatchService.MessageBatchServiceBase
{
    private const int DefaultBatches = 20;
    private const int MaxBatches = 1_000;
    private const int MaxCancelBytes = 64 * 1024;

    // What says how a request is to be read goes with it.
    private static readonly string[] Passed = ["anthropic-version", "anthropic-beta"];

    private readonly AnthropicOptions _options = options.Value;
    private readonly BatchEngineOptions _engine = engine.Value;

    public override async Task<HttpBody> CreateBatch(CreateBatchRequest request, ServerCallContext context)
    {
        var http = context.GetHttpContext();
        var headers = Passed
            .Where(name => http.Request.Headers.ContainsKey(name))
            .ToDictionary(name => name, name => HeaderRules.ToText(http.Request.Headers[name].ToString()));
        var body = new MessageBatchBody(http.Request.BodyReader, _options, _engine.Limits.JsonDepth, headers);
        var answer = await uploader.UploadAsync(
            context.GetCallerWithClient(),
            TermsFrom(time.GetUtcNow()),
            body.ReadAsync(context.CancellationToken),
            lifetime.ApplicationStopping,
            context.CancellationToken);
        return await WriteAsync(await FindAsync(answer.OrThrow().Id, context), context);
    }

    public override async Task<HttpBody> ListBatches(ListBatchesRequest request, ServerCallContext context)
    {
        if (request.BeforeId.Length > 0 && request.AfterId.Length > 0)
        {
            throw new RefusedCallException("before_id", "must not be given together with after_id");
        }

        var limit = request.Limit < 0 ? throw new RefusedCallException("limit", "must not be negative")
            : request.Limit == 0 ? DefaultBatches
            : Math.Min(request.Limit, MaxBatches);
        var isBefore = request.BeforeId.Length > 0;
        var place = isBefore ? MessageBatch.ToId(request.BeforeId)
            : request.AfterId.Length > 0 ? MessageBatch.ToId(request.AfterId)
            : "";
        var found = (isBefore
            ? await batches.ListBeforeAsync(context.GetCaller(), place, limit + 1, MessageBatch.IsOwn, context.CancellationToken)
            : await batches.ListAsync(context.GetCaller(), place, limit + 1, MessageBatch.IsOwn, context.CancellationToken))
            ?? throw new RefusedCallException(isBefore ? "before_id" : "after_id", "is not the id of a batch");
        var page = new List<MessageBatch>();
        foreach (var batch in isBefore ? found.TakeLast(limit) : found.Take(limit))
        {
            page.Add(await CountAsync(batch, context));
        }

        return await JsonReply.WriteAsync(context.GetHttpContext(), json => MessageBatchWriter.WriteList(
            json, page, found.Count > limit, BatchesPath, time.GetUtcNow()));
    }

    public override async Task<HttpBody> GetBatch(GetBatchRequest request, ServerCallContext context) =>
        await WriteAsync(await FindAsync(MessageBatch.ToId(request.BatchId), context), context);

    public override async Task<HttpBody> ReadResults(ReadResultsRequest request, ServerCallContext context)
    {
        var batch = await FindAsync(MessageBatch.ToId(request.BatchId), context);
        if (!batch.HasEnded || batch.Record.Expired || batch.Record.ExpireTime <= time.GetUtcNow())
        {
            throw new RefusedCallException(CallError.Of(CallErrorKinds.NotFound,
                batch.HasEnded ? "The results of this batch are deleted." : "This batch has not ended: there are no results yet."));
        }

        var response = context.GetHttpContext().Response;
        response.ContentType = "application/x-jsonl";
        if (HttpMethods.IsHead(context.GetHttpContext().Request.Method))
        {
            await response.StartAsync();
            return JsonReply.Written;
        }

        await results.WriteAsync(
            context,
            batch.Id,
            response.BodyWriter,
            () => response.StartAsync(),
            static _ => true,
            (json, result) => MessageBatchWriter.WriteResult(json, result, _engine.Limits.ResponseBytes));
        return JsonReply.Written;
    }

    public override async Task<HttpBody> CancelBatch(CancelBatchRequest request, ServerCallContext context)
    {
        await RequestBody.CheckJsonAsync(context.GetHttpContext().Request, MaxCancelBytes);
        var batch = await FindAsync(MessageBatch.ToId(request.BatchId), context);
        (await canceller.CancelAsync(context.GetCaller(), batch.Id, context.CancellationToken)).OrThrow();
        return await WriteAsync(await FindAsync(batch.Id, context), context);
    }

    public override async Task<HttpBody> DeleteBatch(DeleteBatchRequest request, ServerCallContext context)
    {
        var batch = await FindAsync(MessageBatch.ToId(request.BatchId), context);
        if (!batch.HasEnded)
        {
            throw new RefusedCallException("", "This batch has not ended: cancel it first.");
        }

        (await deleter.DeleteAsync(context.GetCaller(), batch.Id, context.CancellationToken)).OrThrow();
        return await JsonReply.WriteAsync(
            context.GetHttpContext(), json => MessageBatchWriter.WriteDeleted(json, batch.PublicId));
    }

    private BatchTerms TermsFrom(DateTimeOffset now)
    {
        var deadline = now + _options.CompletionWindow;
        var expireTime = deadline + _options.OutputRetention;
        var deleteTime = now + _engine.Retention.Metadata;
        return new BatchTerms
        {
            Attributes = MessageBatch.Pack(new StoredMessageBatch { WindowSeconds = (long)_options.CompletionWindow.TotalSeconds }),
            Deadline = deadline,
            ExpireTime = expireTime,
            DeleteTime = deleteTime > expireTime ? deleteTime : expireTime,

            // A call of a model changes nothing.
            MayRepeat = true,
        };
    }

    private async ValueTask<MessageBatch> FindAsync(string id, ServerCallContext context)
    {
        var found = await batches.FindAsync(context.GetCaller(), id, MessageBatch.IsOwn, context.CancellationToken)
            ?? throw new RefusedCallException(CallError.Of(CallErrorKinds.NotFound, "There is no such message batch."));
        return await CountAsync(found, context);
    }

    private async ValueTask<MessageBatch> CountAsync(AttributedBatch found, ServerCallContext context)
    {
        var batch = MessageBatch.Of(found);
        if (!batch.MayHaveStopped)
        {
            return batch;
        }

        var counts = await batches.CountFailuresAsync(batch.Record, context.CancellationToken);
        return batch with
        {
            Canceled = counts.GetValueOrDefault(Failure.Cancelled),
            Expired = counts.GetValueOrDefault(Failure.Expired) + counts.GetValueOrDefault(Failure.BatchDeadline),
        };
    }

    private Task<HttpBody> WriteAsync(MessageBatch batch, ServerCallContext context) => JsonReply.WriteAsync(
        context.GetHttpContext(), json => MessageBatchWriter.WriteBatch(json, batch, BatchesPath, time.GetUtcNow()));

    // Clients append a path to their base URL, which has what a proxy in front has taken off.
    private string BatchesPath => $"{_options.PublicUrl}{_options.BasePath}/messages/batches";
}
