using System.Globalization;
using Batching.Contracts.Rest;
using Batching.Engine.Configuration;
using Batching.Engine.Delivery;
using Batching.Engine.Detection;
using Batching.Engine.Lifecycle;
using Batching.Engine.Model;
using Batching.Engine.Submission;
using Batching.Rest.Calls;
using Batching.Rest.Replies;
using Batching.Rest.Requests;
using Batching.V1;
using Google.Api;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Batching.Rest.V0;

/// <summary>The paths below <c>/api/v0</c>: each reads its call, hands it to the engine, and writes what comes back.</summary>
internal sealed class V0Service(
    BatchSubmitter submitter,
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
    TimeProvider time) : V0BatchService.V0BatchServiceBase
{
    private readonly LimitOptions _limits = options.Value.Limits;

    public override async Task<HttpBody> Submit(SubmitRequest request, ServerCallContext context)
    {
        var http = context.GetHttpContext();
        var terms = new SubmissionTerms
        {
            IdempotencyKey = context.GetIdempotencyKey(_limits),
            StartTime = request.HasStartTime ? new Timestamp { Seconds = request.StartTime } : null,
            Priority = request.HasPriority ? request.Priority : null,
            Deadline = request.HasDeadline ? new Timestamp { Seconds = request.Deadline } : null,
            Notify = NotifyOf(request),
            IsOpen = request.Open,
        };
        var (requests, problems) = await ReadRequestsAsync(http);
        var answer = await submitter.SubmitAsync(
            context.GetCallerWithClient(), terms, requests, problems, long.MaxValue, context.CancellationToken);
        var batch = answer.OrThrow();
        return await JsonReply.WriteAsync(
            http, reply => V0Writer.WriteAcceptedAsync(reply, batch, ShapeOf(V0Property.Accepted)));
    }

    public override async Task<HttpBody> Append(AppendRequest request, ServerCallContext context)
    {
        var http = context.GetHttpContext();
        var (requests, problems) = await ReadRequestsAsync(http);
        var answer = await appender.AppendAsync(
            context.GetCaller(),
            request.BatchId,
            request.HasOffset ? request.Offset : null,
            requests,
            problems,
            long.MaxValue,
            context.CancellationToken);
        var batch = answer.OrThrow();
        return await JsonReply.WriteAsync(
            http, reply => V0Writer.WriteAcceptedAsync(reply, batch, ShapeOf(V0Property.Accepted)));
    }

    public override async Task<HttpBody> Seal(SealRequest request, ServerCallContext context)
    {
        await RequestBody.CheckJsonAsync(context.GetHttpContext().Request, _limits.SubmissionBytes);
        var answer = await sealer.SealAsync(context.GetCaller(), request.BatchId, context.CancellationToken);
        return await WriteStatusAsync(answer.OrThrow(), context);
    }

    public override async Task<HttpBody> List(ListRequest request, ServerCallContext context)
    {
        var answer = await batches.ListAsync(
            context.GetCaller(),
            new ListBatchesRequest { Limit = request.Limit, PageToken = request.PageToken, PageSize = request.PageSize },
            context.CancellationToken);
        var list = answer.OrThrow();
        return await JsonReply.WriteAsync(context.GetHttpContext(), json => V0Writer.WriteList(json, list));
    }

    public override async Task Watch(
        WatchRequest request, IServerStreamWriter<HttpBody> responseStream, ServerCallContext context)
    {
        using var feed = watcher.Open(context.GetCaller(), new WatchBatchesRequest { Limit = request.Limit }).OrThrow();
        var http = context.GetHttpContext();
        var stream = new RecordStream(http, StreamFormat.Choose(http.Request), V0Errors.WriteRecord);
        await using var records = feed.ReadAsync(lifetime.ApplicationStopping, context.CancellationToken)
            .GetAsyncEnumerator(CancellationToken.None);
        var found = await StreamHead.ReadFirstAsync(records, stream.SendHeadAsync, time);
        await stream.StartAsync();
        for (; found; found = await records.MoveNextAsync())
        {
            var isEnd = records.Current.RecordCase == WatchBatchesResponse.RecordOneofCase.End;
            await stream.WriteAsync(records.Current, position: null, V0Writer.WriteWatchRecord, isLast: isEnd, moreAtHand: false);
        }
    }

    public override async Task<HttpBody> GetStatus(GetStatusRequest request, ServerCallContext context)
    {
        var answer = await batches.GetStatusAsync(
            context.GetCaller(),
            new GetBatchStatusRequest
            {
                BatchId = request.BatchId,
                Detailed = request.Detailed,
                RequestIds = { request.RequestIds },
            },
            long.MaxValue,
            context.CancellationToken);
        var batch = answer.OrThrow();
        var isDetailed = request.Detailed || request.RequestIds.Count > 0;
        return await JsonReply.WriteAsync(context.GetHttpContext(), json => V0Writer.WriteStatus(json, batch, isDetailed));
    }

    public override async Task<HttpBody> Fetch(FetchRequest request, ServerCallContext context)
    {
        var properties = V0Property.Read(request.RequestFields);
        var fetch = new FetchBatchRequest
        {
            BatchId = request.BatchId,
            RequestIds = { request.RequestIds },
            RequestFields = V0Property.ToMask(properties),
        };
        if (request.HasAfter)
        {
            fetch.After = request.After;
        }

        var answer = await fetcher.OpenAsync(context.GetCaller(), fetch, context.CancellationToken);
        var page = answer.OrThrow();
        var http = context.GetHttpContext();
        http.Response.RegisterForDispose(page);
        DeliveringReply.Watch(context, page.Delivery);
        long? position = request.RequestIds.Count == 0 ? page.Response.Position : null;
        return await JsonReply.WriteAsync(
            http,
            reply => V0Writer.WritePageAsync(reply, page, ShapeOf(properties), position, context.CancellationToken));
    }

    public override async Task Stream(
        StreamRequest request, IServerStreamWriter<HttpBody> responseStream, ServerCallContext context)
    {
        var properties = V0Property.Read(request.RequestFields);
        var fetch = new FetchResultsRequest { BatchId = request.BatchId, RequestFields = V0Property.ToMask(properties) };
        if (request.HasAfter)
        {
            fetch.After = request.After;
        }

        // What a browser says who comes back. The address still has the position that it began with.
        var http = context.GetHttpContext();
        var format = StreamFormat.Choose(http.Request);
        var lastEventId = format == StreamFormat.EventStream ? http.Request.Headers["Last-Event-ID"].ToString() : "";
        if (lastEventId.Length > 0)
        {
            fetch.After = ParsePosition(lastEventId);
        }

        var answer = await streamer.OpenAsync(context.GetCaller(), fetch, long.MaxValue, context.CancellationToken);
        using var feed = answer.OrThrow();
        if (lastEventId.Length > 0 && feed.IsOver)
        {
            // Nothing else keeps a browser from coming back for ever.
            http.Response.StatusCode = StatusCodes.Status204NoContent;
            await http.Response.StartAsync();
            return;
        }

        var stream = new RecordStream(http, format, V0Errors.WriteRecord);
        await using var records = feed.ReadAsync(lifetime.ApplicationStopping, context.CancellationToken)
            .GetAsyncEnumerator(CancellationToken.None);
        var found = await StreamHead.ReadFirstAsync(records, stream.SendHeadAsync, time);
        await stream.StartAsync();
        var shape = ShapeOf(properties);
        long? lastPosition = null;
        for (; found; found = await records.MoveNextAsync())
        {
            var (record, moreAtHand) = records.Current;
            if (record.RecordCase == FetchResultsResponse.RecordOneofCase.Progress)
            {
                await stream.WriteHeartbeatAsync((record, shape), record.Position, V0Writer.WriteRecord);
                continue;
            }

            var isEnd = record.RecordCase == FetchResultsResponse.RecordOneofCase.End;
            await stream.WriteAsync(
                (record, shape), record.Position, V0Writer.WriteRecord, isLast: isEnd, moreAtHand);
            lastPosition = isEnd ? record.Position : null;
        }

        feed.ReceiveWhenDelivered(lastPosition, context);
    }

    public override async Task<HttpBody> FetchBody(FetchBodyRequest request, ServerCallContext context)
    {
        var answer = await bodies.OpenAsync(
            context.GetCaller(), request.BatchId, request.RequestId, context.CancellationToken);
        using var body = answer.OrThrow();
        await BodyReply.WriteAsync(context.GetHttpContext(), body, request.RequestId);
        return JsonReply.Written;
    }

    public override async Task<HttpBody> Cancel(CancelRequest request, ServerCallContext context)
    {
        await RequestBody.CheckJsonAsync(context.GetHttpContext().Request, _limits.SubmissionBytes);
        var answer = await canceller.CancelAsync(context.GetCaller(), request.BatchId, context.CancellationToken);
        return await WriteStatusAsync(answer.OrThrow(), context);
    }

    public override async Task<HttpBody> Delete(DeleteRequest request, ServerCallContext context)
    {
        var answer = await deleter.DeleteAsync(context.GetCaller(), request.BatchId, context.CancellationToken);
        return await WriteStatusAsync(answer.OrThrow(), context);
    }

    public override async Task<HttpBody> Detect(DetectRequest request, ServerCallContext context)
    {
        var http = context.GetHttpContext();
        var body = await RequestBody.ReadAsync(http.Request, _limits.SubmissionBytes);
        List<Problem> problems;
        Request spawner;
        try
        {
            JsonMemory.Take(http, body.Json, _limits.DecodedBytes, V0RequestReader.KeepsRawOfOne);
            problems = V0RequestReader.ReadOne(body.Json, _limits.JsonDepth, out spawner);
        }
        finally
        {
            body.Release();
        }

        return await DetectAsync(spawner, problems, context);
    }

    public override Task<HttpBody> DetectQuery(DetectQueryRequest request, ServerCallContext context)
    {
        var spawner = new Request { Path = request.Path };
        var problems = request.Pagination.Length > 0
            ? V0RequestReader.ReadPagination(request.Pagination, _limits.JsonDepth, spawner)
            : [];
        return DetectAsync(spawner, problems, context);
    }

    // A list of requests is the body of a submission, and of an append.
    private async Task<(IReadOnlyList<Request> Requests, List<Problem> Problems)> ReadRequestsAsync(HttpContext http)
    {
        var submission = new CreateBatchRequest();
        var body = await RequestBody.ReadAsync(http.Request, _limits.SubmissionBytes);
        try
        {
            JsonMemory.Take(http, body.Json, _limits.DecodedBytes, V0RequestReader.KeepsRaw);
            return (submission.Requests, V0RequestReader.Read(body.Json, _limits.JsonDepth, submission));
        }
        finally
        {
            body.Release();
        }
    }

    private async Task<HttpBody> DetectAsync(Request spawner, List<Problem> problems, ServerCallContext context)
    {
        var answer = await detector.DetectAsync(
            context.GetCallerWithClient(), spawner, problems, long.MaxValue, context.CancellationToken);
        var found = answer.OrThrow();
        return await JsonReply.WriteAsync(context.GetHttpContext(), json => V0DetectionWriter.Write(json, found));
    }

    private static Notify? NotifyOf(SubmitRequest request) => request.NotifyUrl.Length == 0 && request.NotifyEvents.Count == 0
        ? null
        : new Notify { Url = request.NotifyUrl, Events = { request.NotifyEvents } };

    private V0Shape ShapeOf(IReadOnlySet<string> properties) => new(properties, _limits.ResponseBytes);

    private static long ParsePosition(string lastEventId) =>
        long.TryParse(lastEventId, NumberStyles.None, CultureInfo.InvariantCulture, out var position)
            ? position
            : throw new RefusedCallException("Last-Event-ID", "must be the position of an event of this stream");

    private static Task<HttpBody> WriteStatusAsync(Batch batch, ServerCallContext context) =>
        JsonReply.WriteAsync(context.GetHttpContext(), json => V0Writer.WriteStatus(json, batch, isDetailed: false));
}
