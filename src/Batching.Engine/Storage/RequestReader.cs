using Microsoft.Extensions.Options;

namespace Batching.Engine.Storage;

/// <summary>Reads the requests of batches, as they were submitted or spawned, by the window. Thread-safe.</summary>
internal sealed class RequestReader(IBatchStore store, IOptions<BatchEngineOptions> options)
{
    // What a window takes beside its bytes: it may hold a single small request.
    private const int Overhead = 256;

    // Where each of its requests is.
    private const int RequestOverhead = 8;

    private readonly RunCache<RequestWindow> _cache = new(options.Value.Limits.RequestCacheBytes);

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

    /// <summary>The same for who has a window at hand, which may hold the request too.</summary>
    public ValueTask<RequestWindow?> ReadAsync(
        long batchKey, int index, RequestWindow? atHand, CancellationToken cancellationToken) =>
        atHand?.Holds(index) == true
            ? ValueTask.FromResult<RequestWindow?>(atHand)
            : ReadAsync(batchKey, index, cancellationToken);

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
