using Batching.Contracts.OpenAi;
using Batching.Engine.Configuration;
using Batching.Engine.Content;
using Batching.Engine.Drafts;
using Batching.Engine.Files;
using Batching.Engine.Lifecycle;
using Batching.Engine.Model;
using Batching.Rest.Calls;
using Batching.Rest.Replies;
using Batching.Rest.Requests;
using Google.Api;
using Grpc.Core;
using Microsoft.Extensions.Options;

namespace Batching.Rest.OpenAi;

/// <summary>
/// The paths of OpenAI's Batch API and of its files: each reads its call, hands it to the engine, and writes what comes back.
/// </summary>
internal sealed class OpenAiService(
    BatchFiles files,
    BatchDrafts drafts,
    AttributedBatches batches,
    BatchCanceller canceller,
    BatchDeleter deleter,
    OutputContent outputs,
    IOptions<OpenAiOptions> options,
    IOptions<BatchEngineOptions> engine,
    TimeProvider time) : OpenAiBatchService.OpenAiBatchServiceBase
{
    private const int DefaultBatches = 20;
    private const int MaxBatches = 100;
    private const int MaxFiles = 1_000;
    private const int MaxCancelBytes = 64 * 1024;

    private readonly OpenAiOptions _options = options.Value;
    private readonly BatchEngineOptions _engine = engine.Value;

    public override async Task<HttpBody> CreateFile(CreateFileRequest request, ServerCallContext context)
    {
        var answer = await files.OpenUploadAsync(context.GetCaller(), context.CancellationToken);
        await using var upload = answer.OrThrow();
        var http = context.GetHttpContext();
        var file = await new FileForm(upload, _options).ReadAsync(http, context.CancellationToken);
        return await JsonReply.WriteAsync(http, json => OpenAiWriter.WriteFile(json, files.IdOf(file), file));
    }

    public override async Task<HttpBody> ListFiles(ListFilesRequest request, ServerCallContext context)
    {
        if (request.Order is not ("" or "asc" or "desc"))
        {
            throw new RefusedCallException("order", "must be 'asc' or 'desc'");
        }

        var limit = LimitOf(request.Limit, MaxFiles, MaxFiles);
        var after = request.After.Length > 0 ? OpenAiId.ToFile(request.After) : "";
        var found = (request.Order == "asc"
            ? await files.ListOldestAsync(context.GetCaller(), after, limit + 1, context.CancellationToken)
            : await files.ListAsync(context.GetCaller(), after, limit + 1, context.CancellationToken))
            ?? throw new RefusedCallException("after", "is not the id of a file");
        FileRecord[] page =
            [.. found.Take(limit).Where(file => request.Purpose.Length == 0 || file.Purpose == request.Purpose)];
        return await JsonReply.WriteAsync(context.GetHttpContext(), json => OpenAiWriter.WriteList(
            json,
            page,
            found.Count > limit,
            file => OpenAiId.OfFile(files.IdOf(file)),
            (json, file) => OpenAiWriter.WriteFile(json, files.IdOf(file), file)));
    }

    public override async Task<HttpBody> GetFile(GetFileRequest request, ServerCallContext context)
    {
        var http = context.GetHttpContext();
        if (!OpenAiId.TryGetBatch(request.FileId, out var batchId, out var isErrors))
        {
            var file = await FindFileAsync(request.FileId, context);
            return await JsonReply.WriteAsync(http, json => OpenAiWriter.WriteFile(json, files.IdOf(file), file));
        }

        // Its length is known only when it is made.
        var batch = await FindOutputAsync(request.FileId, batchId, isErrors, context);
        var bytes = await outputs.MeasureAsync(batch, isErrors, context);
        return await JsonReply.WriteAsync(http, json => OpenAiWriter.WriteOutput(json, batch, isErrors, bytes));
    }

    public override async Task<HttpBody> ReadFile(ReadFileRequest request, ServerCallContext context)
    {
        var http = context.GetHttpContext();
        if (!OpenAiId.TryGetBatch(request.FileId, out var batchId, out var isErrors))
        {
            await FileContent.WriteAsync(http, files, await FindFileAsync(request.FileId, context));
            return JsonReply.Written;
        }

        await outputs.WriteAsync(await FindOutputAsync(request.FileId, batchId, isErrors, context), isErrors, context);
        return JsonReply.Written;
    }

    public override async Task<HttpBody> DeleteFile(DeleteFileRequest request, ServerCallContext context)
    {
        if (OpenAiId.TryGetBatch(request.FileId, out var batchId, out var isErrors))
        {
            await FindOutputAsync(request.FileId, batchId, isErrors, context);
            var answer = await deleter.DeleteResponsesAsync(context.GetCaller(), batchId, context.CancellationToken);
            answer.OrThrow();
        }
        else
        {
            await files.DeleteAsync(await FindFileAsync(request.FileId, context), CancellationToken.None);
        }

        return await JsonReply.WriteAsync(
            context.GetHttpContext(), json => OpenAiWriter.WriteDeleted(json, request.FileId));
    }

    public override async Task<HttpBody> CreateBatch(CreateBatchRequest request, ServerCallContext context)
    {
        var stored = await OpenAiSubmission.ReadAsync(context.GetHttpContext().Request, _options);
        stored.CreateTimeMs = time.GetUtcNow().ToUnixTimeMilliseconds();
        if (await files.FindAsync(context.GetCaller(), stored.InputFile, context.CancellationToken) is null)
        {
            throw new RefusedCallException("input_file_id", "is not the id of a file");
        }

        var retention = _engine.Retention.Metadata > _options.CompletionWindow
            ? _engine.Retention.Metadata
            : _options.CompletionWindow;
        var answer = await drafts.OpenAsync(
            context.GetCallerWithClient(),
            new V1.Request { Path = stored.Endpoint, Method = "POST" },
            OpenAiBatch.Pack(stored),
            retention,
            context.CancellationToken);
        if (answer.Refusal is Refusal.Invalid { Problems: [{ Field: "request.path" } problem, ..] })
        {
            throw new RefusedCallException("endpoint", problem.Message);
        }

        return await WriteBatchAsync(answer.OrThrow(), context);
    }

    public override async Task<HttpBody> ListBatches(ListBatchesRequest request, ServerCallContext context)
    {
        var limit = LimitOf(request.Limit, DefaultBatches, MaxBatches);
        var after = request.After.Length > 0 ? OpenAiId.ToBatch(request.After) : "";
        var found = await batches.ListAsync(
            context.GetCaller(), after, limit + 1, OpenAiBatch.IsOwn, context.CancellationToken)
            ?? throw new RefusedCallException("after", "is not the id of a batch");
        AttributedBatch[] page = [.. found.Take(limit)];
        return await JsonReply.WriteAsync(context.GetHttpContext(), json => OpenAiWriter.WriteList(
            json,
            page,
            found.Count > limit,
            batch => OpenAiId.OfBatch(batch.Id),
            (json, batch) => OpenAiWriter.WriteBatch(json, StateOf(batch))));
    }

    public override async Task<HttpBody> GetBatch(GetBatchRequest request, ServerCallContext context) =>
        await WriteBatchAsync(await FindBatchAsync(request.BatchId, context), context);

    public override async Task<HttpBody> CancelBatch(CancelBatchRequest request, ServerCallContext context)
    {
        await RequestBody.CheckJsonAsync(context.GetHttpContext().Request, MaxCancelBytes);
        var batch = await FindBatchAsync(request.BatchId, context);
        if (!await drafts.TryCancelAsync(context.GetCaller(), batch.Id, context.CancellationToken))
        {
            (await canceller.CancelAsync(context.GetCaller(), batch.Id, context.CancellationToken)).OrThrow();
        }

        return await WriteBatchAsync(await FindBatchAsync(request.BatchId, context), context);
    }

    private static int LimitOf(int given, int byDefault, int most) =>
        given < 0 ? throw new RefusedCallException("limit", "must not be negative")
        : given == 0 ? byDefault
        : Math.Min(given, most);

    private static RefusedCallException NoSuch(string what, string id) => new(CallError.Of(CallErrorKinds.NotFound, $"There is no {what} {CallerText.Quote(id)}."));

    private async ValueTask<FileRecord> FindFileAsync(string id, ServerCallContext context) =>
        await files.FindAsync(context.GetCaller(), OpenAiId.ToFile(id), context.CancellationToken)
        ?? throw NoSuch("file", id);

    private async ValueTask<AttributedBatch> FindBatchAsync(string id, ServerCallContext context) =>
        await batches.FindAsync(
            context.GetCaller(), OpenAiId.ToBatch(id), OpenAiBatch.IsOwn, context.CancellationToken)
        ?? throw NoSuch("batch", id);

    // There are files of results from the end of their batch on, and only of results that there are.
    private async ValueTask<OpenAiState> FindOutputAsync(
        string id, string batchId, bool isErrors, ServerCallContext context)
    {
        var found = await batches.FindAsync(
            context.GetCaller(), batchId, OpenAiBatch.IsOwn, context.CancellationToken);
        return found is not null
            && StateOf(found) is { IsOutputThere: true } state
            && (isErrors ? state.Failed : state.Completed) > 0
                ? state
                : throw NoSuch("file", id);
    }

    private OpenAiState StateOf(AttributedBatch batch) => new(batch, time.GetUtcNow());

    private Task<HttpBody> WriteBatchAsync(AttributedBatch batch, ServerCallContext context) =>
        JsonReply.WriteAsync(context.GetHttpContext(), json => OpenAiWriter.WriteBatch(json, StateOf(batch)));
}
