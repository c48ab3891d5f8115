using Batching.Contracts.Graph;
using Batching.Engine.Configuration;
using Batching.Engine.Keyed;
using Batching.Engine.Lifecycle;
using Batching.Rest.Calls;
using Batching.Rest.Dialects;
using Batching.Rest.Replies;
using Batching.Rest.Requests;
using Google.Api;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Batching.Rest.Graph;

/// <summary>
/// The path <c>$batch</c>: reads the requests, hands them to the engine, and writes their responses, at once or when the client comes for them.
/// </summary>
internal sealed class GraphService(
    KeyedBatchRunner runner,
    GraphRuns runs,
    BatchDeleter deleter,
    IOptions<BatchEngineOptions> engine,
    IOptions<DialectOptions> dialects) : GraphBatchService.GraphBatchServiceBase
{
    // A guess: batches are done after seconds, and a look costs little.
    private const string RetryAfterSeconds = "1";

    private readonly LimitOptions _limits = engine.Value.Limits;
    private readonly GraphOptions _options = dialects.Value.Graph;

    public override async Task<HttpBody> Run(RunRequest request, ServerCallContext context)
    {
        var http = context.GetHttpContext();
        var submission = new GraphSubmission();
        var body = await RequestBody.ReadAsync(http.Request, _limits.SubmissionBytes);
        try
        {
            JsonMemory.Take(http, body.Json, _limits.DecodedBytes, GraphRequestReader.KeepsRaw);
            GraphRequestReader.Read(
                body.Json, _options, _limits, http.Request.Headers.Authorization is [{ } credential] ? credential : null, submission);
        }
        finally
        {
            body.Release();
        }

        if (submission.Refused.Count > 0)
        {
            throw new RefusedCallException(CallError.FromFields(submission.Refused));
        }

        if (PreferField.Has(http.Request, PreferField.RespondAsync) && await runs.TrySubmitAsync(submission, context) is { } id)
        {
            http.Response.Headers["Preference-Applied"] = PreferField.RespondAsync;
            return await AcceptAsync(http.Response, id);
        }

        var answer = await runner.RunAsync(
            context.GetCallerWithClient(), submission.Batch, submission.ToPlan(), long.MaxValue, context.CancellationToken);

        // The bodies are in pooled buffers until they are written.
        using var reply = answer.OrThrow();
        return await JsonReply.WriteAsync(
            http, json => GraphWriter.WriteAsync(json, reply.Response, submission, _limits.ResponseBytes));
    }

    public override async Task<HttpBody> GetRun(GetRunRequest request, ServerCallContext context)
    {
        var batch = await runs.FindAsync(request.BatchId, context);
        var response = context.GetHttpContext().Response;
        if (batch.DoneTime is null)
        {
            return await AcceptAsync(response, request.BatchId);
        }

        // Protocol 4.01, section 11.6: the status that the call itself would have had.
        response.Headers["AsyncResult"] = "200";
        return await runs.WriteAsync(request.BatchId, batch, context);
    }

    public override async Task<HttpBody> DeleteRun(DeleteRunRequest request, ServerCallContext context)
    {
        await runs.FindAsync(request.BatchId, context);
        (await deleter.DeleteAsync(context.GetCaller(), request.BatchId, context.CancellationToken)).OrThrow();
        var response = context.GetHttpContext().Response;
        response.StatusCode = StatusCodes.Status204NoContent;
        await response.StartAsync();
        return JsonReply.Written;
    }

    private async Task<HttpBody> AcceptAsync(HttpResponse response, string id)
    {
        response.StatusCode = StatusCodes.Status202Accepted;
        response.Headers.Location = $"{GraphEndpoint.PathOf(_options)}/{id}";
        response.Headers.RetryAfter = RetryAfterSeconds;
        response.ContentLength = 0;
        await response.StartAsync();
        return JsonReply.Written;
    }
}
