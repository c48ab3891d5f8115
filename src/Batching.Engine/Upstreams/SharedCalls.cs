using System.Diagnostics.CodeAnalysis;
using Batching.Engine.Model;

namespace Batching.Engine.Upstreams;

/// <summary>
/// The calls to one API that are under way and that others with the same request may wait for, instead of making their own.
/// Thread-safe.
/// </summary>
internal sealed class SharedCalls
{
    private readonly Lock _lock = new();
    private readonly Dictionary<CallKey, HashSet<SharedCallWaiter>> _underWay = [];
    private long _changes;

    /// <summary>
    /// The number of calls that have ended and may have changed something. It is a part of the key of a call, so that none waits for
    /// one that was sent before: it would not see what its owner has just done.
    /// </summary>
    public long Changes => Volatile.Read(ref _changes);

    /// <summary>The number of calls that wait for another one.</summary>
    public int Waiting
    {
        get
        {
            lock (_lock)
            {
                return _underWay.Values.Sum(static waiters => waiters.Count);
            }
        }
    }

    /// <summary>A call has ended that may have changed something.</summary>
    public void CountChange() => Interlocked.Increment(ref _changes);

    /// <summary>Begins a call, unless one with the same key is under way.</summary>
    /// <param name="key">The key.</param>
    /// <param name="waiter">Waits for the other one.</param>
    /// <returns>Whether the caller has to make it, and to end it by <see cref="End"/>.</returns>
    public bool TryBegin(CallKey key, [NotNullWhen(false)] out SharedCallWaiter? waiter)
    {
        lock (_lock)
        {
            if (_underWay.TryGetValue(key, out var waiters))
            {
                waiters.Add(waiter = new SharedCallWaiter());
                return false;
            }

            _underWay.Add(key, []);
            waiter = null;
            return true;
        }
    }

    /// <summary>Waits for a call.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="waiter">Who waits.</param>
    /// <param name="cancellationToken">Gives the wait up.</param>
    /// <returns>What came of it; null if it was given up.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was signalled.</exception>
    public async Task<UpstreamReply?> WaitAsync(CallKey key, SharedCallWaiter waiter, CancellationToken cancellationToken)
    {
        try
        {
            return await waiter.WaitAsync(cancellationToken);
        }
        finally
        {
            Remove(key, waiter);
        }
    }

    /// <summary>Does not wait for a call.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="waiter">Who was to wait.</param>
    public void GiveUp(CallKey key, SharedCallWaiter waiter)
    {
        Remove(key, waiter);
        waiter.GiveUp();
    }

    /// <summary>Ends a call.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="reply">What came of it, which all who wait get a share of; null if it was given up, so that they go on without.</param>
    public void End(CallKey key, UpstreamReply? reply)
    {
        HashSet<SharedCallWaiter> waiters;
        lock (_lock)
        {
            _underWay.Remove(key, out waiters!);
        }

        foreach (var waiter in waiters)
        {
            waiter.Give(reply?.Share());
        }
    }

    private void Remove(CallKey key, SharedCallWaiter waiter)
    {
        lock (_lock)
        {
            if (_underWay.TryGetValue(key, out var waiters))
            {
                waiters.Remove(waiter);
            }
        }
    }
}
