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

    internal ResultFetcher(
        IBatchStore store,
        BatchFinder finder,
        BatchIds ids,
        BatchViews views,
        RequestReader requests,
        ResultReader results,
        Deliveries deliveries,
        IOptions<BatchEngineOptions> options)
    {
        _store = store;
        _finder = finder;
        _ids = ids;
        _views = views;
        _requests = requests;
        _results = results;
        _deliveries = deliveries;
        _limits = options.Value.Limits;
    }

    /// <summary>Fetches the page that a call asks for.</summary>
    public async ValueTask<Answer<ResultPage>> FetchAsync(
        Caller caller, FetchBatchRequest request, CancellationToken cancellationToken)
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
            return await FetchByIdAsync(found.Value, request.RequestIds, fields, cancellationToken);
        }

        return request.HasAfter
            ? await FetchBehindAsync(found.Value, request.After, fields, cancellationToken)
            : await FetchWaitingAsync(found.Value, fields, cancellationToken);
    }

    private async Task<Answer<ResultPage>> FetchWaitingAsync(
        BatchRecord record, RequestFields fields, CancellationToken cancellationToken)
    {
        // An empty page of a batch that is done tells the client that it has everything. While another reply is still on
        // its way that is not true yet: should it break, its results are waiting again.
        Deliveries.Delivery? delivery;
        while (true)
        {
            delivery = _deliveries.TryTake(record, out var onTheWay);
            using (onTheWay)
            {
                if (onTheWay is null || record.Running > 0)
                {
                    break;
                }

                await onTheWay.NextChange.WaitAsync(cancellationToken);
            }
        }

        var response = new FetchBatchResponse { Batch = _views.ToBatch(record) };
        if (delivery is null)
        {
            response.Position = _deliveries.MarkOf(record);
            return new ResultPage(response, _ => { });
        }

        try
        {
            if (await AddPageAsync(response.Batch, record, delivery.First, delivery.Last, fields, cancellationToken)
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
        BatchRecord record, long after, RequestFields fields, CancellationToken cancellationToken)
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

        if (await AddPageAsync(response.Batch, record, (int)after + 1, record.Finished, fields, cancellationToken)
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
        Batch batch, BatchRecord record, int first, int last, RequestFields fields, CancellationToken cancellationToken)
    {
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
                // Headers count too where they are sent.
                bytes += entry.Size + (fields.HasFlag(RequestFields.Headers) ? entry.HeadersLength : 0);
                var count = batch.Requests.Count;
                if (count > 0 && (bytes > _limits.PageBytes || count == _limits.PageResults))
                {
                    return position - 1;
                }

                if (views.NeedWindows)
                {
                    window = await _requests.ReadAsync(record.Key, entry.Index, window, cancellationToken);
                }

                batch.Requests.Add(views.ToResult(segment, position, window));
            }
        }

        return last;
    }

    private async Task<Answer<ResultPage>> FetchByIdAsync(
        BatchRecord record,
        IReadOnlyList<string> requestIds,
        RequestFields fields,
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
            return new Refusal.Invalid(
                "request_ids",
                $"name responses of {bytes} bytes together; the limit is {_limits.FetchByIdBytes}: name fewer");
        }

        var batch = _views.ToBatch(record);
        var views = _views.Of(record, fields);
        RequestWindow? window = null;
        foreach (var index in indexes.Value)
        {
            if (views.NeedWindows)
            {
                window = await _requests.ReadAsync(record.Key, index, window, cancellationToken);
            }

            if (!results.TryGetValue(index, out var result))
            {
                batch.Requests.Add(views.ToRequest(index, window));
                continue;
            }

            var segment = wantsPayload
                ? await _results.ReadAsync(record.Key, result.Position, cancellationToken) ?? result.Segment
                : result.Segment;
            batch.Requests.Add(views.ToResult(segment, result.Position, window));
        }

        return new ResultPage(new FetchBatchResponse { Batch = batch }, _ => { });

        // A request that is named twice is sent twice.
        long SizeOf(int index) =>
            results.TryGetValue(index, out var result) ? result.Segment[result.Position].Size : 0;
    }
}
