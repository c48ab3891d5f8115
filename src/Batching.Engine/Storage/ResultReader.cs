using System.Runtime.CompilerServices;
using Batching.Engine.Configuration;
using Batching.Engine.Model;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Storage;

/// <summary>Reads the results of batches by position, the newest ones from memory. Thread-safe.</summary>
internal sealed class ResultReader(IBatchStore store, IOptions<BatchEngineOptions> options)
{
    // What a segment takes beside its bytes: it may hold a single small result.
    private const int Overhead = 256;

    private readonly RangeCache<ResultSegment> _cache = new(options.Value.Limits.ResultCacheBytes);

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

    /// <summary>Bytes of the payload of the segment that holds a position; null if there is no such result.</summary>
    public async ValueTask<int?> MeasureAsync(long batchKey, int position, CancellationToken cancellationToken)
    {
        await foreach (var segment in ReadEntriesAsync(batchKey, position, cancellationToken))
        {
            return segment.PayloadBytes;
        }

        return null;
    }

    /// <summary>
    /// Reads the segments from the one that holds a position on, in order and to the last. They may be without their
    /// payloads: only what is in memory anyway has them.
    /// </summary>
    public async IAsyncEnumerable<ResultSegment> ReadEntriesAsync(
        long batchKey, int position, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (_cache.TryGet(batchKey, position, out var cached))
        {
            position = cached.LastPosition + 1;
            yield return cached;
        }

        await foreach (var segment in store.ReadEntriesAsync(batchKey, position, cancellationToken))
        {
            yield return segment;
        }
    }

    /// <summary>
    /// Reads a part of the payload of the segment that holds a position; null if it is gone. Of what is not in memory only
    /// that part is read, and nothing is kept.
    /// </summary>
    public ValueTask<int?> ReadPayloadAsync(
        long batchKey, int position, int offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        if (!_cache.TryGet(batchKey, position, out var segment) || segment.Payload is not { } payload)
        {
            return store.ReadPayloadAsync(batchKey, position, offset, destination, cancellationToken);
        }

        var count = Math.Clamp(payload.Length - offset, 0, destination.Length);
        payload.AsMemory(Math.Min(offset, payload.Length), count).CopyTo(destination);
        return ValueTask.FromResult<int?>(count);
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
