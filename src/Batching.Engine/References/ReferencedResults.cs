using Batching.Engine.Configuration;
using Batching.Engine.Storage;

namespace Batching.Engine.References;

/// <summary>The result that was referred to last: many requests may refer to the same one. Not thread-safe.</summary>
internal sealed class ReferencedResults
{
    private ReferencedResult? _last;
    private (long BatchKey, int Position) _place;

    /// <summary>Reads a result; null if it is gone.</summary>
    public async ValueTask<ReferencedResult?> FindAsync(
        ResultReader results, long batchKey, int position, LimitOptions limits, CancellationToken cancellationToken)
    {
        if (_last is null || _place != (batchKey, position))
        {
            // Of two large ones only one is in memory.
            _last = null;
            if (await results.ReadAsync(batchKey, position, cancellationToken) is not { } segment)
            {
                return null;
            }

            _last = new ReferencedResult(segment, position, limits);
            _place = (batchKey, position);
        }

        return _last;
    }
}
