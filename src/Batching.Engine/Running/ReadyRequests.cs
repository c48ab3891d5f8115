using System.Collections;
using Batching.Engine.Dependencies;

namespace Batching.Engine.Running;

/// <summary>
/// The requests of a batch that may be begun: those that nobody has claimed. Whoever claims a request, to run it or to end it
/// otherwise, and nobody else, must see to it that it gets its result. Thread-safe.
/// </summary>
/// <param name="count">How many requests there are at first, all of them ready.</param>
/// <param name="dependencies">Those that wait for others; null if none does.</param>
/// <param name="areHeld">Whether they are this gateway's; else none is ready before it is added.</param>
internal sealed class ReadyRequests(int count, DependencyGraph? dependencies = null, bool areHeld = true)
{
    private readonly Lock _lock = new();
    private readonly BitArray _claimed = new(count, !areHeld);
    private int _ready = areHeld ? count : 0;

    /// <summary>The number of requests, those not stored yet included.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _claimed.Length;
            }
        }
    }

    /// <summary>The number of requests that nobody has claimed.</summary>
    public int Ready
    {
        get
        {
            lock (_lock)
            {
                return _ready;
            }
        }
    }

    /// <summary>Claims a request; false if somebody has done so before.</summary>
    public bool TryClaim(int index)
    {
        lock (_lock)
        {
            if (_claimed[index])
            {
                return false;
            }

            _claimed[index] = true;
            _ready--;
            return true;
        }
    }

    /// <summary>Whether somebody has claimed a request.</summary>
    public bool IsClaimed(int index)
    {
        lock (_lock)
        {
            return _claimed[index];
        }
    }

    /// <summary>Finds the first ready request, of those that depend on no others.</summary>
    /// <param name="from">The index to begin with.</param>
    /// <returns>Its index; <see cref="Count"/> if there is none.</returns>
    public int FindNext(int from)
    {
        lock (_lock)
        {
            while (from < _claimed.Length && (_claimed[from] || dependencies?.IsDependent(from) == true))
            {
                from++;
            }

            return from;
        }
    }

    /// <summary>Adds requests that were appended. Only the committer calls it.</summary>
    public void AddReady(int count)
    {
        lock (_lock)
        {
            _claimed.Length += count;
        }
    }

    /// <summary>Adds a request that was spawned. Only the committer calls it.</summary>
    /// <param name="claimed">Somebody has claimed it already; else it is ready once it is stored.</param>
    /// <returns>Its index.</returns>
    public int Add(bool claimed)
    {
        lock (_lock)
        {
            var index = _claimed.Length++;
            _claimed[index] = claimed;
            _ready += claimed ? 0 : 1;
            return index;
        }
    }

    /// <summary>Adds a run of requests that this gateway holds from now on.</summary>
    /// <param name="first">The index of the first.</param>
    /// <param name="count">How many there are.</param>
    /// <param name="except">Those of them that are not to be begun.</param>
    public void Hold(int first, int count, IReadOnlySet<int> except)
    {
        lock (_lock)
        {
            for (var index = first; index < first + count; index++)
            {
                if (_claimed[index] && !except.Contains(index))
                {
                    _claimed[index] = false;
                    _ready++;
                }
            }
        }
    }
}
