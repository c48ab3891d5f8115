using Batching.Engine.Dependencies;

namespace Batching.Engine.Running;

/// <summary>
/// The progress of loading the requests of a batch into memory, and the number of them that wait there for their upstreams.
/// Thread-safe.
/// </summary>
/// <param name="requests">The requests.</param>
/// <param name="stop">Once it is signalled nothing is loaded any more.</param>
/// <param name="dependencies">The requests that wait for others, which are loaded when they wait no more; null if none does.</param>
internal sealed class LoadCursor(ReadyRequests requests, BatchStop stop, DependencyGraph? dependencies = null)
{
    private readonly Lock _lock = new();
    private int _next;
    private int _back = int.MaxValue;
    private int _waiting;
    private bool _isLoading;

    /// <summary>The index of the first request that was not loaded yet, of those that depend on no others.</summary>
    public int Next
    {
        get
        {
            lock (_lock)
            {
                return _next;
            }
        }
    }

    /// <summary>Begins to load, if few enough requests wait. Whoever gets true must call <see cref="End"/>.</summary>
    /// <param name="stored">How many requests are stored.</param>
    /// <param name="lowWater">How many may wait.</param>
    public bool TryBegin(int stored, int lowWater)
    {
        lock (_lock)
        {
            return Begin(stored, lowWater);
        }
    }

    /// <summary>Loading has come as far as a request, which is still to be loaded.</summary>
    public void MoveTo(int next)
    {
        lock (_lock)
        {
            _next = next;
        }
    }

    /// <summary>A request is to be loaded that may be in front of what was loaded.</summary>
    public void MoveBackTo(int index)
    {
        lock (_lock)
        {
            _back = Math.Min(_back, index);
        }
    }

    /// <summary>Ends what <see cref="TryBegin"/> began.</summary>
    /// <param name="next">How far it has come.</param>
    public void End(int next)
    {
        lock (_lock)
        {
            _isLoading = false;
            _next = Math.Max(_next, next);
        }
    }

    /// <summary>A request was loaded and now waits for its upstream.</summary>
    public void AddWaiting()
    {
        lock (_lock)
        {
            _waiting++;
        }
    }

    /// <summary>A request waits no more.</summary>
    /// <inheritdoc cref="TryBegin"/>
    /// <returns>What <see cref="TryBegin"/> would return now.</returns>
    public bool RemoveWaiting(int stored, int lowWater)
    {
        lock (_lock)
        {
            _waiting--;
            return Begin(stored, lowWater);
        }
    }

    private bool Begin(int stored, int lowWater)
    {
        if (_isLoading || _waiting > lowWater || stop.Reason != Model.Failure.None)
        {
            return false;
        }

        // After a restart most of a batch may be finished: nobody reads that again to find out.
        _next = requests.FindNext(Math.Min(_next, _back));
        _back = int.MaxValue;
        return _isLoading = _next < stored || dependencies?.HasSettled == true;
    }
}
