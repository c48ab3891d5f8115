using Batching.Engine.Identifiers;
using Batching.Engine.Storage;
using Batching.V1;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Delivery;

/// <summary>Fetches results by the page. Thread-safe.</summary>
public sealed class ResultFetcher
{
    private readonly IBatchStore _store;
    private readonly BatchFinder _finder;
    private readonly BatchIds _ids;
    private readonly BatchViews _views;
    private readonly RequestReader _requests;
    private readonly ResultReader _results;
    private readonly Deliveries _deliveries;
    private readonly LimitOptions _limits;
    private readonly TimeProvider _time;

    internal ResultFetcher(
        IBatchStore store,
        BatchFinder finder,
        BatchIds ids,
        BatchViews views,
        RequestReader requests,
        ResultReader results,
        Deliveries deliveries,
        IOptions<BatchEngineOptions> options,
        TimeProvider time)
    {
        _store = store;
        _finder = finder;
        _ids = ids;
        _views = views;
        _requests = requests;
        _results = results;
        _deliveries = deliveries;
        _limits = options.Value.Limits;
        _time = time;
    }

    /// <summary>Fetches the page that a call asks for, as one message.</summary>
    public ValueTask<Answer<ResultPage>> FetchAsync(
        Caller caller, FetchBatchRequest request, CancellationToken cancellationToken) =>
        FetchAsync(caller, request, _limits.MessageBytes, cancellationToken);

    /// <summary>Fetches the page that a call asks for.</summary>
    /// <param name="caller">Who calls.</param>
    /// <param name="request">What for.</param>
    /// <param name="maxBytes">Bytes that the message may take; <see cref="long.MaxValue"/> if it is not sent as one.</param>
    /// <param name="cancellationToken">The caller has gone.</param>
    public async ValueTask<Answer<ResultPage>> FetchAsync(
        Caller caller, FetchBatchRequest request, long maxBytes, CancellationToken cancellationToken)
    {
        var problems = new List<Problem>();
        var fields = RequestFieldMask.Parse(request.RequestFields, problems);
        if (request.HasAfter && request.RequestIds.Count > 0)
        {
            problems.Add(new Problem("after", "can't be combined with request_ids"));
        }

        if (problems.Count > 0)
        {
            return new Refusal.Invalid(problems, isComplete: problems.Count < RequestFieldMask.MaxProblems);
        }

        if (RequestIds.CheckCount(request.RequestIds, _limits) is { } tooMany)
        {
            return tooMany;
        }

        using var kept = _ids.TryParseBatch(request.BatchId, out var key) ? _deliveries.Keep(key) : null;
        var found = await _finder.FindAsync(caller, request.BatchId, cancellationToken);
        if (!found.IsGiven)
        {
            return found.Refusal;
        }

        if (request.RequestIds.Count > 0)
        {
            return await FetchByIdAsync(found.Value, request.RequestIds, fields, maxBytes, cancellationToken);
        }

        return request.HasAfter
            ? await FetchBehindAsync(found.Value, request.After, fields, maxBytes, cancellationToken)
            : await FetchWaitingAsync(found.Value, fields, maxBytes, cancellationToken);
    }

    private async Task<Answer<ResultPage>> FetchWaitingAsync(
        BatchRecord record, RequestFields fields, long maxBytes, CancellationToken cancellationToken)
    {
        // An empty page of a batch that is done tells the client that it has everything. While another reply is still on
        // its way that is not true yet: should it break, its results are waiting again.
        Deliveries.Delivery? delivery;
        var began = _time.GetTimestamp();
        while (true)
        {
            delivery = _deliveries.TryTake(record, out var onTheWay);
            using (onTheWay)
            {
                if (onTheWay is null || record.Running > 0)
                {
                    break;
                }

                if (!await _deliveries.WaitAsync(
                    onTheWay, _limits.PageWait - _time.GetElapsedTime(began), cancellationToken))
                {
                    return new Refusal.Unavailable(
                        "The last results of the batch are on their way to another call. Should it not receive them, they "
                        + "are handed out again: fetch again.");
                }
            }

            if (await _store.FindBatchAsync(record.Key, cancellationToken) is not { } latest)
            {
                return Deleted(record);
            }

            record = latest;
        }

        var response = new FetchBatchResponse { Batch = _views.ToBatch(record) };
        if (delivery is null)
        {
            response.Position = _deliveries.MarkOf(record);
            return new ResultPage(response, _ => { });
        }

        try
        {
            if (await AddPageAsync(response.Batch, record, delivery.First, delivery.Last, fields, maxBytes, cancellationToken)
                is not { } last)
            {
                delivery.Complete(received: false);
                return Deleted(record);
            }

            delivery.Shorten(last);
            response.Position = last;
            return new ResultPage(response, delivery.Complete);
        }
        catch
        {
            delivery.Complete(received: false);
            throw;
        }
    }

    private async Task<Answer<ResultPage>> FetchBehindAsync(
        BatchRecord record, long after, RequestFields fields, long maxBytes, CancellationToken cancellationToken)
    {
        if (AfterPosition.Check(after, record) is { } refusal)
        {
            return refusal;
        }

        _deliveries.ReceiveUpTo(record, (int)after);
        var response = new FetchBatchResponse { Batch = _views.ToBatch(record) };
        if (after == record.Finished)
        {
            response.Position = _deliveries.MarkOf(record);
            return new ResultPage(response, _ => { });
        }

        if (await AddPageAsync(response.Batch, record, (int)after + 1, record.Finished, fields, maxBytes, cancellationToken)
            is not { } last)
        {
            return Deleted(record);
        }

        response.Position = last;
        return new ResultPage(
            response,
            received =>
            {
                if (received)
                {
                    _deliveries.ReceiveUpTo(record, last);
                }
            });
    }

    private Refusal.NotFound Deleted(BatchRecord record) => new("batch", _ids.OfBatch(record.Key));

    // Returns the last position that the page holds; null if the batch was deleted since the record was read.
    private async Task<int?> AddPageAsync(
        Batch batch,
        BatchRecord record,
        int first,
        int last,
        RequestFields fields,
        long maxBytes,
        CancellationToken cancellationToken)
    {
        var total = maxBytes - BatchViews.MaxBytes;
        var room = total;
        long bytes = 0;
        var views = _views.Of(record, fields);
        RequestWindow? window = null;
        var position = first;
        while (position <= last)
        {
            var segment = await _results.ReadAsync(record.Key, position, cancellationToken);
            if (segment is null)
            {
                return null;
            }

            for (; position <= Math.Min(segment.LastPosition, last); position++)
            {
                var entry = segment[position];
                // Headers count too where they are sent; a body that will be left out does not.
                bytes += (entry.BodyLength > total ? 0 : entry.Size)
                    + (fields.HasFlag(RequestFields.Headers) ? entry.HeadersLength : 0);
                var count = batch.Requests.Count;
                if (count > 0 && (bytes > _limits.PageBytes || count == _limits.PageResults))
                {
                    return position - 1;
                }

                if (views.NeedWindows)
                {
                    window = await _requests.ReadAsync(record.Key, entry.Index, window, cancellationToken);
                    if (window is null)
                    {
                        return null;
                    }
                }

                var view = views.ToResult(segment, position, window);
                var taken = views.Fit(view, total);
                if (count > 0 && taken > room)
                {
                    return position - 1;
                }

                room -= taken;
                batch.Requests.Add(view);
            }
        }

        return last;
    }

    private async Task<Answer<ResultPage>> FetchByIdAsync(
        BatchRecord record,
        IReadOnlyList<string> requestIds,
        RequestFields fields,
        long maxBytes,
        CancellationToken cancellationToken)
    {
        var indexes = RequestIds.Resolve(requestIds, record, _ids);
        if (!indexes.IsGiven)
        {
            return indexes.Refusal;
        }

        var results = await ResultIndex.ReadAsync(_store, record, indexes.Value, cancellationToken);
        var wantsPayload = (fields & RequestFields.Payload) != 0;
        var bytes = wantsPayload ? indexes.Value.Sum(SizeOf) : 0;
        if (bytes > _limits.FetchByIdBytes)
        {
            return NameFewer(bytes, _limits.FetchByIdBytes);
        }

        var batch = _views.ToBatch(record);
        var views = _views.Of(record, fields);
        var total = maxBytes - BatchViews.MaxBytes;
        var room = total;
        RequestWindow? window = null;
        foreach (var index in indexes.Value)
        {
            if (views.NeedWindows)
            {
                window = await _requests.ReadAsync(record.Key, index, window, cancellationToken);
                if (window is null)
                {
                    return Deleted(record);
                }
            }

            if (!results.TryGetValue(index, out var result))
            {
                var running = views.ToRequest(index, window);
                room -= views.Fit(running, total);
                batch.Requests.Add(running);
                continue;
            }

            var segment = result.Segment;
            if (wantsPayload)
            {
                segment = await _results.ReadAsync(record.Key, result.Position, cancellationToken);
                if (segment is null)
                {
                    return Deleted(record);
                }
            }

            var view = views.ToResult(segment, result.Position, window);
            room -= views.Fit(view, total) - (view.Response?.Body.Length ?? 0);
            batch.Requests.Add(view);
        }

        if (room < 0)
        {
            return NameFewer(maxBytes - room, maxBytes);
        }

        // First everything else, then the bodies as far as they fit.
        foreach (var view in batch.Requests)
        {
            if (view.Response is not { } response || response.Body.Length <= room)
            {
                room -= view.Response?.Body.Length ?? 0;
            }
            else
            {
                RequestViews.OmitBody(response);
            }
        }

        // What is missing in a batch that was deleted meanwhile would pass for requests that still run.
        return results.Count == record.Finished || await _store.FindBatchAsync(record.Key, cancellationToken) is not null
            ? new ResultPage(new FetchBatchResponse { Batch = batch }, _ => { })
            : Deleted(record);

        // A request that is named twice is sent twice. What is too large for the message is not sent at all.
        long SizeOf(int index) =>
            results.TryGetValue(index, out var result) && result.Segment[result.Position].Size is var size && size <= maxBytes
                ? size
                : 0;
    }

    private static Refusal.Invalid NameFewer(long bytes, long limit) =>
        new("request_ids", $"name responses of {bytes} bytes together; the limit is {limit}: name fewer");
}
