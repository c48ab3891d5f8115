using Batching.Engine.Model;
using Batching.Engine.Quotas;
using Batching.Engine.Storage;

namespace Batching.Engine.Delivery;

/// <summary>Reads the bodies of responses one by one, in parts. Thread-safe.</summary>
public sealed class BodyReader
{
    private readonly IBatchStore _store;
    private readonly BatchFinder _finder;
    private readonly BatchIds _ids;
    private readonly BatchViews _views;
    private readonly ResultReader _results;
    private readonly OwnerQuotas _quotas;

    internal BodyReader(
        IBatchStore store,
        BatchFinder finder,
        BatchIds ids,
        BatchViews views,
        ResultReader results,
        OwnerQuotas quotas)
    {
        _store = store;
        _finder = finder;
        _ids = ids;
        _views = views;
        _results = results;
        _quotas = quotas;
    }

    /// <summary>Finds the body of a response. It is one of the streams that its owner may have open.</summary>
    /// <param name="caller">Who asks.</param>
    /// <param name="batchId">The batch.</param>
    /// <param name="requestId">The request whose response is meant.</param>
    /// <param name="cancellationToken">The caller has gone.</param>
    public async ValueTask<Outcome<ResultBody>> OpenAsync(
        Caller caller, string batchId, string requestId, CancellationToken cancellationToken)
    {
        var found = await _finder.FindAsync(caller, batchId, cancellationToken);
        if (!found.Succeeded)
        {
            return found.Refusal;
        }

        var record = found.Value;
        if (!_ids.TryParseRequest(requestId, record, out var index))
        {
            return new Refusal.NotFound("request", requestId);
        }

        var results = await ResultIndex.ReadAsync(_store, record, [index], cancellationToken);
        if (!results.TryGetValue(index, out var result))
        {
            return await _store.FindBatchAsync(record.Key, cancellationToken) is null
                ? new Refusal.NotFound("batch", batchId)
                : new Refusal.NotThere($"Request {requestId} has no response yet.");
        }

        if (_views.IsExpired(record))
        {
            return new Refusal.NotThere($"Batch {batchId} has expired: the bodies of its responses are deleted.");
        }

        var entry = result.Segment[result.Position];
        var headers = new byte[entry.HeadersLength];
        if (await _results.ReadPayloadAsync(record.Key, result.Position, entry.Offset, headers, cancellationToken) is null)
        {
            return new Refusal.NotFound("batch", batchId);
        }

        var lease = _quotas.OpenStream(caller.Owner);
        if (!lease.Succeeded)
        {
            return lease.Refusal;
        }

        // Of a failure the message is kept in the place of a body.
        var length = entry.Failure == Failure.None ? entry.BodyLength : 0;
        return new ResultBody(_results, record.Key, result.Position, entry.Offset + entry.HeadersLength, lease.Value)
        {
            Length = length,
            ContentType = ResponseHeaders.Find(headers, "content-type"u8),
            ContentEncoding = ResponseHeaders.Find(headers, "content-encoding"u8),
        };
    }
}
