using Batching.V1;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Storage;

/// <summary>Reads the requests of batches, as they were submitted or spawned, by the window. Thread-safe.</summary>
internal sealed class RequestReader(IBatchStore store, IOptions<BatchEngineOptions> options)
{
    // What a window takes beside its requests: it may hold a single small one.
    private const int Overhead = 256;

    // What a request takes beside its content: the message, and the map of its header fields, which is there if empty.
    private const int RequestOverhead = 400;

    private readonly RunCache<DecodedWindow> _cache = new(options.Value.Limits.RequestCacheBytes);

    /// <summary>Reads the window that holds the request of that index; null if the batch has no such request.</summary>
    public async ValueTask<DecodedWindow?> ReadAsync(long batchKey, int index, CancellationToken cancellationToken)
    {
        if (_cache.TryGet(batchKey, index, out var cached))
        {
            return cached;
        }

        var window = await store.ReadWindowAsync(batchKey, index, cancellationToken);
        return window is null ? null : Add(batchKey, window);
    }

    /// <summary>Keeps a window that was just stored, if it needn't be decoded for that: it will be wanted soon.</summary>
    public void Keep(long batchKey, RequestWindow window)
    {
        if (window.Requests is not null)
        {
            Add(batchKey, window);
        }
    }

    /// <summary>Forgets a batch.</summary>
    public void Forget(long batchKey) => _cache.Remove(batchKey);

    private DecodedWindow Add(long batchKey, RequestWindow window)
    {
        var decoded = new DecodedWindow(window.FirstIndex, window.Decode());
        // Decoded, text takes two bytes a character, and each piece of it an object.
        var bytes = Overhead + (window.Count * RequestOverhead) + (3L * window.Data.Length);
        _cache.Add(batchKey, window.FirstIndex, window.Count, bytes, decoded);
        return decoded;
    }

    /// <summary>A run of requests. They are shared by all readers: don't change them.</summary>
    internal sealed record DecodedWindow(int FirstIndex, IReadOnlyList<Request> Requests)
    {
        public Request this[int index] => Requests[index - FirstIndex];

        public int EndIndex => FirstIndex + Requests.Count;

        public bool Holds(int index) => index >= FirstIndex && index < EndIndex;
    }
}
