using Microsoft.Extensions.Options;

namespace Batching.Engine.Storage;

/// <summary>Reads the results of batches by position, the newest ones from memory. Thread-safe.</summary>
internal sealed class ResultReader(IBatchStore store, IOptions<BatchEngineOptions> options)
{
    // What a segment takes beside its bytes: it may hold a single small result.
    private const int Overhead = 256;

    private readonly RunCache<ResultSegment> _cache = new(options.Value.Limits.ResultCacheBytes);

    /// <summary>Reads the segment that holds a position; null if there is no such result.</summary>
    public async ValueTask<ResultSegment?> ReadAsync(long batchKey, int position, CancellationToken cancellationToken)
    {
        if (_cache.TryGet(batchKey, position, out var cached))
        {
            return cached;
        }

        var segment = await store.ReadSegmentAsync(batchKey, position, cancellationToken);
        if (segment is not null)
        {
            Add(batchKey, segment);
        }

        return segment;
    }

    /// <summary>Keeps a segment that was just stored: it will be wanted soon.</summary>
    public void Add(long batchKey, ResultSegment segment) => _cache.Add(
        batchKey,
        segment.FirstPosition,
        segment.Count,
        Overhead + segment.Entries.Length + (segment.Payload?.Length ?? 0),
        segment);

    /// <summary>Forgets a batch.</summary>
    public void Forget(long batchKey) => _cache.Remove(batchKey);
}
