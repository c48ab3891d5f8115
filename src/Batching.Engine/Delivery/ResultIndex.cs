using Batching.Engine.Model;
using Batching.Engine.Storage;

namespace Batching.Engine.Delivery;

/// <summary>Finds the results of given requests: results are stored by position, not by request.</summary>
internal static class ResultIndex
{
    /// <summary>
    /// Reads where the results of these requests are; those that have none are missing. The segments are without their
    /// payloads.
    /// </summary>
    public static async Task<IReadOnlyDictionary<int, (ResultSegment Segment, int Position)>> ReadAsync(
        IBatchStore store, BatchRecord record, IReadOnlyCollection<int> indexes, CancellationToken cancellationToken)
    {
        var wanted = indexes.ToHashSet();
        var found = new Dictionary<int, (ResultSegment, int)>(wanted.Count);
        await foreach (var segment in store.ReadEntriesAsync(record.Key, 1, cancellationToken))
        {
            // What was committed since the record was read would contradict its counters.
            for (var position = segment.FirstPosition;
                position <= Math.Min(segment.LastPosition, record.Finished);
                position++)
            {
                var index = segment[position].Index;
                if (wanted.Contains(index))
                {
                    found[index] = (segment, position);
                }
            }

            if (found.Count == wanted.Count || segment.LastPosition >= record.Finished)
            {
                break;
            }
        }

        return found;
    }
}
