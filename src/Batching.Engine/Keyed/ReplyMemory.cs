using Microsoft.Extensions.Options;

namespace Batching.Engine.Keyed;

/// <summary>Bounds the bytes that are held for the replies to all keyed batches. Thread-safe.</summary>
internal sealed class ReplyMemory(IOptions<BatchEngineOptions> options)
{
    private readonly long _capacity = options.Value.Keyed.HeldBytes;
    private long _used;

    /// <summary>Takes room, or says that there is none.</summary>
    public bool TryTake(long bytes)
    {
        if (Interlocked.Add(ref _used, bytes) <= _capacity)
        {
            return true;
        }

        Release(bytes);
        return false;
    }

    /// <summary>Gives room back.</summary>
    public void Release(long bytes) => Interlocked.Add(ref _used, -bytes);
}
