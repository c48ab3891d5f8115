using Batching.Contracts.Rest;
using Batching.Engine.Configuration;
using Batching.Engine.Keyed;
using Batching.Rest.Calls;
using Batching.Rest.Replies;
using Batching.Rest.Requests;
using Google.Api;
using Grpc.Core;
using Microsoft.Extensions.Options;

namespace Batching.Rest.V2;

/// <summary>The path <c>/api/v2/batch</c>: reads the calls, hands them to the engine, and writes their replies.</summary>
internal sealed class V2Service(
    KeyedBatchRunner runner, KeyedBatchSubmitter submitter, IOptions<BatchEngineOptions> options)
    : V2BatchService.V2BatchServiceBase
{
    private readonly LimitOptions _limits = options.Value.Limits;

    public override async Task<HttpBody> Run(RunRequest request, ServerCallContext context)
    {
        var submission = new V2Submission();
        var body = await RequestBody.ReadAsync(context.GetHttpContext().Request, _limits.SubmissionBytes);
        try
        {
            JsonMemory.Take(context.GetHttpContext(), body.Json, _limits.DecodedBytes, V2RequestReader.KeepsRaw);
            V2RequestReader.Read(body.Json, _limits.JsonDepth, submission);
        }
        finally
        {
            body.Release();
        }

        return request.Async ? await SubmitAsync(submission, context) : await RunAsync(submission, context);
    }

    public override Task<HttpBody> RunQuery(RunQueryRequest request, ServerCallContext context)
    {
        var submission = new V2Submission();
        V2QueryReader.Read(context.GetHttpContext().Request.QueryString.Value, submission);
        return RunAsync(submission, context);
    }

    private async Task<HttpBody> SubmitAsync(V2Submission submission, ServerCallContext context)
    {
        var answer = await submitter.SubmitAsync(
            context.GetCallerWithClient(),
            submission.Batch,
            context.GetIdempotencyKey(_limits),
            submission.Problems,
            submission.FieldOf,
            context.CancellationToken);
        var batch = answer.OrThrow();
        return await JsonReply.WriteAsync(context.GetHttpContext(), json =>
        {
            json.WriteStartObject();
            json.WriteString("id"u8, batch.Id);
            json.WriteEndObject();
        });
    }

    private async Task<HttpBody> RunAsync(V2Submission submission, ServerCallContext context)
    {
        var answer = await runner.RunAsync(
            context.GetCallerWithClient(),
            submission.Batch,
            new CallPlan { Problems = submission.Problems },
            long.MaxValue,
            context.CancellationToken);

        // The bodies are in pooled buffers until they are written.
        using var reply = answer.OrThrow();
        return await JsonReply.WriteAsync(
            context.GetHttpContext(), json => V2Writer.WriteAsync(json, reply.Response, submission.Form, _limits.ResponseBytes));
    }
}
