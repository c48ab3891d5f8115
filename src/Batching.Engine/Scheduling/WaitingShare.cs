using System.Diagnostics.CodeAnalysis;

namespace Batching.Engine.Scheduling;

/// <summary>
/// What may wait in memory for one upstream. A batch whose next request finds no room waits here in turn, and holds up
/// nobody who wants another upstream. Thread-safe.
/// </summary>
/// <param name="capacity">Bytes, at least 1. Something larger is let in when nothing else is.</param>
internal sealed class WaitingShare(long capacity)
{
    private readonly Lock _lock = new();
    private readonly FairQueue<ActiveBatch> _parked = new();
    private long _used;

    /// <summary>Takes room for a request, or parks its batch.</summary>
    public bool TryTake(long bytes, ActiveBatch batch)
    {
        lock (_lock)
        {
            if (_used == 0 || _used + bytes <= capacity)
            {
                _used += bytes;
                return true;
            }

            _parked.Enqueue(batch.Owner, batch.Key, batch);
            return false;
        }
    }

    /// <summary>Gives room back.</summary>
    public void Release(long bytes)
    {
        lock (_lock)
        {
            _used -= bytes;
        }
    }

    /// <summary>
    /// Lets a parked batch go on once a quarter is free: its window is read again for it, which a single request is not
    /// worth.
    /// </summary>
    public bool TryUnpark([MaybeNullWhen(false)] out ActiveBatch batch)
    {
        batch = null;
        return _parked.Count > 0 && HasQuarter() && _parked.TryDequeue(out batch);
    }

    private bool HasQuarter()
    {
        lock (_lock)
        {
            return _used <= capacity - (capacity / 4);
        }
    }
}
