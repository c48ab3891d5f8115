using System.Runtime.CompilerServices;
using Batching.Engine.Configuration;
using Batching.Engine.Model;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Storage;

/// <summary>Reads the requests of batches, as they were submitted or spawned, by the window. Thread-safe.</summary>
internal sealed class RequestReader(IBatchStore store, BatchIds ids, IOptions<BatchEngineOptions> options)
{
    // What a window takes beside its bytes: it may hold a single small request.
    private const int Overhead = 256;

    // Where each of its requests is.
    private const int RequestOverhead = 8;

    private readonly RangeCache<RequestWindow> _cache = new(options.Value.Limits.RequestCacheBytes);

    /// <summary>Reads the window that holds the request of that index; null if the batch has no such request.</summary>
    public async ValueTask<RequestWindow?> ReadAsync(long batchKey, int index, CancellationToken cancellationToken)
    {
        if (_cache.TryGet(batchKey, index, out var cached))
        {
            return cached;
        }

        var window = await store.ReadWindowAsync(batchKey, index, cancellationToken);
        if (window is not null)
        {
            Add(batchKey, window);
        }

        return window;
    }

    /// <summary>Finds a request, with the spawner if it is a page; null if the batch has no such request.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="index">The index of the request.</param>
    /// <param name="atHand">What was found before, which may be in the same window or of the same spawner.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<StoredRequest?> FindAsync(
        BatchRecord batch, int index, StoredRequest? atHand, CancellationToken cancellationToken)
    {
        var window = atHand is { } before && before.Window.Holds(index)
            ? before.Window
            : await ReadAsync(batch.Key, index, cancellationToken);
        if (window is null)
        {
            return null;
        }

        if (!window.IsPageRow(index))
        {
            return new StoredRequest(window, index);
        }

        var row = window[index];
        var spawner = atHand?.Spawner;
        if (spawner?.Id != row.SpawnedBy)
        {
            if (!ids.TryParseRequest(row.SpawnedBy, batch, out var spawnerIndex))
            {
                throw new InvalidDataException("A page names a spawner that its batch does not have.");
            }

            var spawnerWindow = await ReadAsync(batch.Key, spawnerIndex, cancellationToken);
            if (spawnerWindow is null)
            {
                return null;
            }

            spawner = new SpawnerSource(row.SpawnedBy, spawnerIndex, spawnerWindow);
        }

        return new StoredRequest(window, index) { Row = row, Spawner = spawner };
    }

    /// <summary>Keeps a window that was just stored: it will be wanted soon.</summary>
    public void Add(long batchKey, RequestWindow window) => _cache.Add(
        batchKey,
        window.FirstIndex,
        window.Count,
        Overhead + (window.Count * RequestOverhead) + window.Data.Length,
        window);

    /// <summary>Forgets a batch.</summary>
    public void Forget(long batchKey) => _cache.Remove(batchKey);
}
