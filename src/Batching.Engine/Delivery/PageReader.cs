using System.Runtime.CompilerServices;
using Batching.Engine.Configuration;
using Batching.Engine.Model;
using Batching.Engine.Storage;
using Batching.V1;

namespace Batching.Engine.Delivery;

/// <summary>Reads what a page holds, one request after the other. Thread-safe.</summary>
internal sealed class PageReader(RequestReader requests, ResultReader results, LimitOptions limits)
{
    /// <summary>Finds out how far a page may go, without reading the payloads.</summary>
    /// <param name="record">The batch.</param>
    /// <param name="first">The first position in the page.</param>
    /// <param name="last">The last that there is for it.</param>
    /// <param name="fields">What of the requests is wanted.</param>
    /// <param name="most">A body that is larger will be left out.</param>
    /// <param name="cancellationToken">The caller has gone.</param>
    /// <returns>Null if the batch was deleted since the record was read.</returns>
    public async ValueTask<PageExtent?> MeasureAsync(
        BatchRecord record, int first, int last, RequestFields fields, long most, CancellationToken cancellationToken)
    {
        long bytes = 0;
        long payload = 0;
        long largest = 0;
        var position = first;
        await foreach (var segment in results.ReadEntriesAsync(record.Key, first, cancellationToken))
        {
            largest = Math.Max(largest, segment.PayloadBytes);
            payload += segment.PayloadBytes > most ? 0 : segment.PayloadBytes;
            for (; position <= Math.Min(segment.LastPosition, last); position++)
            {
                // Headers count too where they are sent; a body that will be left out does not.
                var entry = segment[position];
                bytes += (entry.BodyLength > most ? 0 : entry.Size)
                    + (fields.Has(RequestFields.Headers) ? entry.HeadersLength : 0);
                if (position > first && (bytes > limits.PageBytes || position - first == limits.PageResults))
                {
                    return new PageExtent(position - 1, Held(), largest);
                }
            }

            if (position > last)
            {
                return new PageExtent(last, Held(), largest);
            }
        }

        return null;

        // What is left out is in memory for a moment, one after the other.
        long Held() => payload + (largest > most ? largest : 0);
    }

    /// <summary>Reads the results of a run of positions; fewer if the batch is deleted meanwhile.</summary>
    /// <param name="record">The batch.</param>
    /// <param name="first">The first position.</param>
    /// <param name="last">The last position.</param>
    /// <param name="views">Shows them.</param>
    /// <param name="passing">Whether the message may be the same each time.</param>
    /// <param name="cancellationToken">The caller has gone.</param>
    public async IAsyncEnumerable<Request> ReadAsync(
        BatchRecord record,
        int first,
        int last,
        RequestViews views,
        bool passing,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        StoredRequest? stored = null;
        for (var position = first; position <= last;)
        {
            if (await results.ReadAsync(record.Key, position, cancellationToken) is not { } segment)
            {
                yield break;
            }

            for (; position <= Math.Min(segment.LastPosition, last); position++)
            {
                if (views.NeedWindows)
                {
                    stored = await requests.FindAsync(record, segment[position].Index, stored, cancellationToken);
                    if (stored is null)
                    {
                        yield break;
                    }
                }

                yield return passing
                    ? views.ToPassingResult(segment, position, stored)
                    : views.ToResult(segment, position, stored);
            }
        }
    }

    /// <summary>Reads given requests, finished or not; fewer if the batch is deleted meanwhile.</summary>
    /// <param name="record">The batch.</param>
    /// <param name="indexes">The requests, in the order in which they are wanted.</param>
    /// <param name="found">Where their results are.</param>
    /// <param name="views">Shows them.</param>
    /// <param name="withPayload">Whether the payloads are needed.</param>
    /// <param name="passing">Whether the message of a result may be the same each time.</param>
    /// <param name="cancellationToken">The caller has gone.</param>
    public async IAsyncEnumerable<Request> ReadAsync(
        BatchRecord record,
        IReadOnlyList<int> indexes,
        IReadOnlyDictionary<int, (ResultSegment Segment, int Position)> found,
        RequestViews views,
        bool withPayload,
        bool passing,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        StoredRequest? stored = null;
        foreach (var index in indexes)
        {
            if (views.NeedWindows)
            {
                stored = await requests.FindAsync(record, index, stored, cancellationToken);
                if (stored is null)
                {
                    yield break;
                }
            }

            if (!found.TryGetValue(index, out var result))
            {
                yield return views.ToRequest(index, stored);
                continue;
            }

            var segment = withPayload
                ? await results.ReadAsync(record.Key, result.Position, cancellationToken)
                : result.Segment;
            if (segment is null)
            {
                yield break;
            }

            yield return passing
                ? views.ToPassingResult(segment, result.Position, stored)
                : views.ToResult(segment, result.Position, stored);
        }
    }
}
