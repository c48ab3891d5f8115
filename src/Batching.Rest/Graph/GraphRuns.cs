using Batching.Contracts.Graph;
using Batching.Engine.Configuration;
using Batching.Engine.Delivery;
using Batching.Engine.Drafts;
using Batching.Engine.Keyed;
using Batching.Engine.Model;
using Batching.Engine.Submission;
using Batching.Rest.Calls;
using Batching.Rest.Replies;
using Batching.V1;
using Google.Api;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Batching.Rest.Graph;

/// <summary>Batches whose clients do not wait for the reply: stores them, and writes the reply when they are done. Thread-safe.</summary>
internal sealed class GraphRuns(
    KeyedBatchPlanner planner,
    BatchUploader uploader,
    AttributedBatches batches,
    ResultStreamer streamer,
    IHostApplicationLifetime lifetime,
    IOptions<BatchEngineOptions> engine,
    TimeProvider time)
{
    private static readonly FieldMask Wanted = new() { Paths = { "key", "response" } };

    private readonly BatchEngineOptions _engine = engine.Value;

    /// <summary>Stores a batch. It is durable when this returns, and its requests are about to run.</summary>
    /// <returns>Its id; null if none of its requests would be made, so that nothing was stored.</returns>
    /// <exception cref="RefusedCallException">An id is longer than those of stored batches may be.</exception>
    /// <exception cref="RpcException">It is refused.</exception>
    public async ValueTask<string?> TrySubmitAsync(GraphSubmission submission, ServerCallContext context)
    {
        submission.CheckIds(_engine.Limits.KeyBytes);
        if (submission.Refused.Count > 0)
        {
            throw new RefusedCallException(CallError.FromFields(submission.Refused));
        }

        var calls = planner.Plan(submission.Batch, submission.ToPlan());
        if (calls.Requests.Count == 0)
        {
            return null;
        }

        var answer = await uploader.UploadAsync(
            context.GetCallerWithClient(),
            ToTerms(submission, calls.Known),
            new[] { calls.Requests }.ToAsyncEnumerable(),
            lifetime.ApplicationStopping,
            context.CancellationToken);
        return answer.OrThrow().Id;
    }

    /// <summary>Finds a batch that was stored.</summary>
    /// <exception cref="RefusedCallException">There is none.</exception>
    public async ValueTask<BatchRecord> FindAsync(string id, ServerCallContext context) =>
        await batches.FindAsync(context.GetCaller(), id, IsOwn, context.CancellationToken) is { Record: { } record }
            ? record
            : throw new RefusedCallException(CallError.Of(CallErrorKinds.NotFound, "There is no such batch."));

    /// <summary>Writes the responses of a batch that is done: at first those that were known before, then the others as they came.</summary>
    /// <exception cref="RefusedCallException">They are deleted.</exception>
    public async Task<HttpBody> WriteAsync(string id, BatchRecord batch, ServerCallContext context)
    {
        if (batch.Expired || batch.ExpireTime <= time.GetUtcNow())
        {
            throw new RefusedCallException(CallError.Of(CallErrorKinds.NotFound, "The responses of this batch are deleted."));
        }

        var answer = await streamer.OpenAsync(
            context.GetCaller(),
            new FetchResultsRequest { BatchId = id, After = 0, RequestFields = Wanted },
            long.MaxValue,
            context.CancellationToken);
        using var feed = answer.OrThrow();
        return await JsonReply.WriteAsync(context.GetHttpContext(), reply => WriteAsync(reply, batch, feed, context));
    }

    private static bool IsOwn(byte[] attributes) =>
        attributes.Length > 0 && Any.Parser.ParseFrom(attributes).Is(StoredRun.Descriptor);

    private async ValueTask WriteAsync(JsonReply reply, BatchRecord batch, ResultFeed feed, ServerCallContext context)
    {
        var json = reply.Json;
        json.WriteStartObject();
        json.WriteStartArray("responses"u8);
        foreach (var known in Any.Parser.ParseFrom(batch.Attributes).Unpack<StoredRun>().Responses)
        {
            GraphWriter.Write(
                json,
                known.Id,
                known.AtomicityGroup.Length > 0 ? known.AtomicityGroup : null,
                new Response { StatusCode = known.StatusCode, Error = known.Error },
                _engine.Limits.ResponseBytes);
        }

        var isComplete = false;
        await foreach (var (record, _) in feed.ReadAsync(lifetime.ApplicationStopping, context.CancellationToken))
        {
            isComplete = record.End is { RunningRequests: 0 };
            if (record.Request is { Response: { Expired: false } response } request)
            {
                GraphWriter.Write(json, request.Key, group: null, response, _engine.Limits.ResponseBytes);
                await reply.FlushIfFullAsync();
            }
            else if (!isComplete)
            {
                break;
            }
        }

        if (!isComplete)
        {
            throw new RpcException(new Grpc.Core.Status(StatusCode.Aborted, "The responses were deleted."));
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private BatchTerms ToTerms(GraphSubmission submission, IReadOnlyDictionary<int, Response> known)
    {
        var now = time.GetUtcNow();
        var run = new StoredRun();
        foreach (var (index, response) in known.OrderBy(entry => entry.Key))
        {
            run.Responses.Add(new StoredResponse
            {
                Id = submission.Batch.Calls[index].Key,
                AtomicityGroup = submission.FindGroup(index) ?? "",
                StatusCode = response.StatusCode,
                Error = response.Error,
            });
        }

        return new BatchTerms
        {
            Attributes = Any.Pack(run).ToByteArray(),
            Deadline = now + _engine.Retention.Responses,
            ExpireTime = now + _engine.Retention.Responses,
            DeleteTime = now + _engine.Retention.Metadata,
        };
    }
}
