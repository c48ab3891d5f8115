using Batching.Engine.Configuration;
using Batching.Engine.Model;
using Batching.Engine.Storage;
using Batching.V1;

namespace Batching.Engine.Delivery;

/// <summary>Fetches requests that are named, finished or not. Thread-safe.</summary>
internal sealed class NamedFetcher(
    IBatchStore store, BatchIds ids, BatchViews batches, PageReader pages, ReplyBudget replies, LimitOptions limits)
{
    /// <summary>Fetches requests, in the order in which they are named.</summary>
    public async Task<Outcome<ResultPage>> FetchAsync(
        PageRequest fetch, BatchRecord record, IReadOnlyList<string> requestIds, CancellationToken cancellationToken)
    {
        var answer = RequestIds.Resolve(requestIds, record, ids);
        if (!answer.Succeeded)
        {
            return answer.Refusal;
        }

        var indexes = answer.Value;
        var results = await ResultIndex.ReadAsync(store, record, indexes, cancellationToken);
        var wantsPayload = (fetch.Fields & RequestFields.Payload) != 0;
        var bytes = wantsPayload ? indexes.Sum(SizeOf) : 0;
        if (bytes > limits.FetchByIdBytes)
        {
            return NameFewer(bytes, limits.FetchByIdBytes);
        }

        // What is missing in a batch that was deleted meanwhile would pass for requests that still run.
        if (results.Count != record.Finished && await store.FindBatchAsync(record.Key, cancellationToken) is null)
        {
            return new Refusal.NotFound("batch", ids.OfBatch(record.Key));
        }

        var views = batches.Of(record, fetch.Fields);
        var held = wantsPayload && !views.IsExpired ? BytesOf(fetch, results.Values, indexes.Length) : 0;
        if (await replies.ReserveAsync(fetch.Lease, fetch.Owner, held, cancellationToken) is { } refusal)
        {
            return refusal;
        }

        var batch = views.ToBatch();
        var response = new FetchBatchResponse { Batch = batch };
        var nothing = Delivery.OfNothing(record);
        if (fetch.MaxBytes is null)
        {
            return new ResultPage(
                response,
                nothing,
                fetch.Lease,
                indexes.Length,
                cancellation => pages.ReadAsync(record, indexes, results, views, wantsPayload, passing: true, cancellation));
        }

        var room = fetch.Room;
        await foreach (var view in pages.ReadAsync(
            record, indexes, results, views, wantsPayload, passing: false, cancellationToken))
        {
            room -= views.Fit(view, fetch.Room) - (view.Response?.Body.Length ?? 0);
            batch.Requests.Add(view);
        }

        if (batch.Requests.Count < indexes.Length)
        {
            return new Refusal.NotFound("batch", ids.OfBatch(record.Key));
        }

        if (room < 0)
        {
            return NameFewer(fetch.MaxBytes.Value - room, fetch.MaxBytes.Value);
        }

        // First everything else, then the bodies as far as they fit.
        foreach (var view in batch.Requests)
        {
            if (view.Response is not { } found || found.Body.Length <= room)
            {
                room -= view.Response?.Body.Length ?? 0;
            }
            else
            {
                RequestViews.OmitBody(found);
            }
        }

        return new ResultPage(response, nothing, fetch.Lease);

        // A request that is named twice is sent twice. What is too large for the message is not sent at all.
        long SizeOf(int index) =>
            results.TryGetValue(index, out var result) && result.Segment[result.Position].Size is var size
            && (fetch.MaxBytes is null || size <= fetch.MaxBytes)
                ? size
                : 0;
    }

    // A segment is in memory once, however many of its results are named.
    private static long BytesOf(PageRequest fetch, IEnumerable<(ResultSegment Segment, int Position)> results, int count)
    {
        long payload = 0;
        long largest = 0;
        foreach (var (segment, _) in results.DistinctBy(result => result.Segment.FirstPosition))
        {
            largest = Math.Max(largest, segment.PayloadBytes);
            payload += segment.PayloadBytes > fetch.Room ? 0 : segment.PayloadBytes;
        }

        return fetch.MaxBytes is null
            ? ReplyBudget.OfPieces(largest)
            : ReplyBudget.OfMessage(payload + (largest > fetch.Room ? largest : 0), count);
    }

    private static Refusal.Invalid NameFewer(long bytes, long limit) =>
        new("request_ids", $"name responses of {bytes} bytes together; the limit is {limit}: name fewer");
}
