using Batching.Engine.Configuration;
using Batching.Engine.Model;
using Batching.Engine.Storage;
using Batching.V1;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Delivery;

/// <summary>Reads batches: how far one is, with its requests, or a list of them. Thread-safe.</summary>
public sealed class BatchReader
{
    internal const int DefaultListLimit = 100;

    private readonly IBatchStore _store;
    private readonly BatchFinder _finder;
    private readonly BatchIds _ids;
    private readonly BatchViews _views;
    private readonly LimitOptions _limits;

    internal BatchReader(
        IBatchStore store, BatchFinder finder, BatchIds ids, BatchViews views, IOptions<BatchEngineOptions> options)
    {
        _store = store;
        _finder = finder;
        _ids = ids;
        _views = views;
        _limits = options.Value.Limits;
    }

    /// <summary>Reads the progress of a batch, as one message.</summary>
    public ValueTask<Outcome<Batch>> GetStatusAsync(
        Caller caller, GetBatchStatusRequest request, CancellationToken cancellationToken) =>
        GetStatusAsync(caller, request, _limits.MessageBytes, cancellationToken);

    /// <summary>Reads the progress of a batch.</summary>
    /// <param name="caller">Who calls.</param>
    /// <param name="request">What for.</param>
    /// <param name="maxBytes">Bytes that the message may take; <see cref="long.MaxValue"/> if it is not sent as one.</param>
    /// <param name="cancellationToken">The caller has gone.</param>
    public async ValueTask<Outcome<Batch>> GetStatusAsync(
        Caller caller, GetBatchStatusRequest request, long maxBytes, CancellationToken cancellationToken)
    {
        if (RequestIds.CheckCount(request.RequestIds, _limits) is { } tooMany)
        {
            return tooMany;
        }

        var found = await _finder.FindAsync(caller, request.BatchId, cancellationToken);
        if (!found.Succeeded)
        {
            return found.Refusal;
        }

        var record = found.Value;
        var views = _views.Of(record, RequestFields.Progress);
        var batch = views.ToBatch();
        batch.Notify = BatchViews.ToNotify(record);
        if (request.RequestIds.Count > 0)
        {
            var indexes = RequestIds.Resolve(request.RequestIds, record, _ids);
            if (!indexes.Succeeded)
            {
                return indexes.Refusal;
            }

            return await AddProgressAsync(batch, views, indexes.Value, "request_ids", maxBytes, cancellationToken);
        }

        if (request.Detailed)
        {
            if (record.Total > _limits.DetailedRequests)
            {
                return new Refusal.Invalid(
                    "detailed",
                    $"would return {record.Total} requests; the limit is {_limits.DetailedRequests}: name them with request_ids");
            }

            return await AddProgressAsync(
                batch, views, [.. Enumerable.Range(0, record.Total)], "detailed", maxBytes, cancellationToken);
        }

        return batch;
    }

    /// <summary>Lists the caller's batches, newest first.</summary>
    public async ValueTask<Outcome<ListBatchesResponse>> ListAsync(
        Caller caller, ListBatchesRequest request, CancellationToken cancellationToken)
    {
        if (request.Limit < 0 || request.PageSize < 0)
        {
            return new Refusal.Invalid(request.Limit < 0 ? "limit" : "page_size", "must not be negative");
        }

        if (request.Limit != 0 && request.PageSize != 0 && request.Limit != request.PageSize)
        {
            return new Refusal.Invalid("page_size", "is another name of limit, and must not be another number");
        }

        // More than there is in a page is no error (https://google.aip.dev/158). The rest is on the next page.
        var wanted = Math.Max(request.Limit, request.PageSize);
        var limit = Math.Min(wanted == 0 ? DefaultListLimit : wanted, _limits.ListedBatches);
        limit = Math.Min(limit, _limits.MessageBytes / BatchViews.MaxBytes);
        var before = long.MaxValue;
        if (request.PageToken.Length > 0 && !_ids.TryParseBatch(request.PageToken, out before))
        {
            return new Refusal.Invalid("page_token", "is not a token that this service gave out");
        }

        var records = await _store.ListBatchesAsync(caller.Owner, before, limit + 1, cancellationToken);
        var response = new ListBatchesResponse();
        response.Batches.AddRange(records.Take(limit).Where(_finder.IsThere).Select(_views.ToBatch));
        if (records.Count > limit)
        {
            response.NextPageToken = _ids.OfBatch(records[limit - 1].Key);
        }

        return response;
    }

    private async Task<Outcome<Batch>> AddProgressAsync(
        Batch batch,
        RequestViews views,
        int[] indexes,
        string field,
        long maxBytes,
        CancellationToken cancellationToken)
    {
        var record = views.Record;
        var results = await ResultIndex.ReadAsync(_store, record, indexes, cancellationToken);
        foreach (var index in indexes)
        {
            batch.Requests.Add(results.TryGetValue(index, out var result)
                ? views.ToResult(result.Segment, result.Position, stored: null)
                : views.ToRequest(index, stored: null));
        }

        // What is missing in a batch that was deleted meanwhile would pass for requests that still run.
        if (results.Count != record.Finished && await _store.FindBatchAsync(record.Key, cancellationToken) is null)
        {
            return new Refusal.NotFound("batch", batch.Id);
        }

        return maxBytes == long.MaxValue || batch.CalculateSize() <= maxBytes - BatchViews.MaxBytes
            ? batch
            : new Refusal.Invalid(
                field,
                $"would return {indexes.Length} requests, more than a message of {maxBytes} bytes holds: name fewer with request_ids");
    }
}
