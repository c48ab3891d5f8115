using System.Collections.Concurrent;
using Batching.Engine.Scheduling;
using Batching.Engine.Storage;

namespace Batching.Engine.Lifecycle;

/// <summary>
/// Keeps gateways together within the limits of an upstream: each has its part of the places, and all leave alone one that has asked
/// any of them for it. Thread-safe.
/// </summary>
internal sealed class SharedUpstreams(CallQueues queues, TimeProvider time)
{
    // A pause is not told again that is hardly longer.
    private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(250);

    private readonly ConcurrentDictionary<(string Upstream, string? Owner), DateTimeOffset> _told = new();

    /// <summary>Begins to tell others of pauses.</summary>
    public void Begin(ISharedWork sharing)
    {
        foreach (var (name, queue) in queues.Named)
        {
            queue.WhenPaused = (owner, length) => Tell(sharing, name, owner, length);
        }
    }

    /// <summary>Takes over what was found.</summary>
    public void Take(SharedChanges changes)
    {
        foreach (var (name, queue) in queues.Named)
        {
            queue.Divide(changes.Gateways, changes.Rank);
            foreach (var pause in changes.Pauses.Where(pause => pause.Upstream == name))
            {
                queue.PauseFor(pause.Owner, pause.Left);
            }
        }

        var now = time.GetUtcNow();
        foreach (var over in _told.Where(told => told.Value < now))
        {
            _told.TryRemove(over);
        }
    }

    // Under the lock of a queue: the rest goes on elsewhere.
    private void Tell(ISharedWork sharing, string upstream, string? owner, TimeSpan length)
    {
        var until = time.GetUtcNow() + length;
        if (length < Least || (_told.TryGetValue((upstream, owner), out var told) && until - told < Least))
        {
            return;
        }

        _told[(upstream, owner)] = until;
        _ = Task.Run(async () =>
        {
            try
            {
                await sharing.PauseAsync(upstream, owner, length);
            }
            catch (StoreUnavailableException)
            {
                // The others will be asked for it themselves.
                _told.TryRemove((upstream, owner), out _);
            }
        });
    }
}
