using Batching.Contracts.Graph;
using Batching.Engine.Configuration;
using Batching.Engine.Keyed;
using Batching.Rest.Calls;
using Batching.Rest.Dialects;
using Batching.Rest.Replies;
using Batching.Rest.Requests;
using Google.Api;
using Grpc.Core;
using Microsoft.Extensions.Options;

namespace Batching.Rest.Graph;

/// <summary>The path <c>$batch</c>: reads the requests, hands them to the engine, and writes their responses.</summary>
internal sealed class GraphService(
    KeyedBatchRunner runner, IOptions<BatchEngineOptions> engine, IOptions<DialectOptions> dialects)
    : GraphBatchService.GraphBatchServiceBase
{
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

        var answer = await runner.RunAsync(
            context.GetCallerWithClient(), submission.Batch, submission.ToPlan(), long.MaxValue, context.CancellationToken);

        // The bodies are in pooled buffers until they are written.
        using var reply = answer.OrThrow();
        return await JsonReply.WriteAsync(
            http, json => GraphWriter.WriteAsync(json, reply.Response, submission, _limits.ResponseBytes));
    }
}
