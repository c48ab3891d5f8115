using Batching.Engine.Delivery;
using Batching.Engine.Model;
using Batching.Engine.Storage;
using Batching.V1;

namespace Batching.Engine.Submission;

/// <summary>
/// Makes replies to those who have given requests: the batch with these requests, in the order given, unless they would not fit.
/// Thread-safe.
/// </summary>
internal sealed class SubmissionReplies(IBatchStore store, BatchViews views)
{
    // What a request has in a reply beside what was stored of it: two ids, times, index, state, and of a result position, status and size.
    private const long AddedBytes = 160;

    /// <summary>A reply with requests that were just accepted.</summary>
    /// <param name="record">The batch.</param>
    /// <param name="requests">The requests, which become those of the reply.</param>
    /// <param name="firstIndex">The index of the first one.</param>
    /// <param name="storedBytes">Bytes that are stored of them.</param>
    /// <param name="maxBytes">Bytes that the reply may have as a message.</param>
    public Batch Show(BatchRecord record, IReadOnlyList<Request> requests, int firstIndex, long storedBytes, long maxBytes)
    {
        var accepted = views.Of(record, RequestFields.All);
        for (var i = 0; i < requests.Count; i++)
        {
            accepted.AddAccepted(requests[i], firstIndex + i);
        }

        return ToBatch(record, requests, storedBytes, maxBytes);
    }

    /// <summary>A reply with all requests that a batch was submitted with before, as they are now.</summary>
    public async ValueTask<Outcome<Batch>> ShowAsync(
        Outcome<BatchRecord> before,
        IReadOnlyList<Request> requests,
        long storedBytes,
        long maxBytes,
        CancellationToken cancellationToken) => before.Succeeded
        ? await ShowAsync(before.Value, requests, firstIndex: 0, storedBytes, maxBytes, cancellationToken)
        : before.Refusal;

    /// <summary>A reply with requests that were accepted before, as they are now.</summary>
    /// <inheritdoc cref="Show"/>
    public async ValueTask<Batch> ShowAsync(
        BatchRecord record,
        IReadOnlyList<Request> requests,
        int firstIndex,
        long storedBytes,
        long maxBytes,
        CancellationToken cancellationToken)
    {
        var results = await ResultIndex.ReadAsync(
            store, record, [.. Enumerable.Range(firstIndex, requests.Count)], cancellationToken);
        var shown = views.Of(record, RequestFields.Progress | RequestFields.SpawnedBy | RequestFields.CreateTime);
        for (var i = 0; i < requests.Count; i++)
        {
            if (results.TryGetValue(firstIndex + i, out var result))
            {
                shown.AddFinished(requests[i], result.Segment, result.Position);
            }
            else
            {
                shown.AddAccepted(requests[i], firstIndex + i);
            }
        }

        return ToBatch(record, requests, storedBytes, maxBytes);
    }

    private Batch ToBatch(BatchRecord record, IReadOnlyList<Request> requests, long storedBytes, long maxBytes)
    {
        var batch = views.ToFullBatch(record);
        batch.Requests.AddRange(requests);

        // What was stored is more than what is shown, but for what was added: as a rule nothing needs to be counted.
        if (storedBytes + (requests.Count * AddedBytes) > maxBytes - BatchViews.MaxBytes
            && batch.CalculateSize() > maxBytes - BatchViews.MaxBytes)
        {
            batch.Requests.Clear();
            batch.RequestsOmitted = true;
        }

        return batch;
    }
}
