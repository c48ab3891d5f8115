using Batching.Engine.Configuration;
using Batching.Engine.Delivery;
using Microsoft.Extensions.Options;

namespace Batching.Server.Connections;

/// <summary>
/// Replies that were written a short while ago. Their bytes may still be with the system or on their way: a connection that
/// is reset in that time gives back what they carried, and what is older counts as received. Thread-safe.
/// </summary>
internal sealed class RecentReplies : IDisposable
{
    // As many as one connection of HTTP/2 may have open; with more, its oldest count as received.
    private const int MaxPerConnection = 100;

    private readonly Lock _lock = new();
    private readonly LinkedList<RecentReply> _byAge = new();
    private readonly TimeProvider _time;
    private readonly TimeSpan _window;
    private readonly ITimer _timer;
    private bool _isTicking;

    public RecentReplies(IOptions<BatchEngineOptions> options, TimeProvider time)
    {
        _time = time;
        _window = options.Value.Limits.ResetWindow;
        _timer = time.CreateTimer(
            static replies => ((RecentReplies)replies!).Tick(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The number of replies.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _byAge.Count;
            }
        }
    }

    /// <summary>Keeps a reply until its window is over or its connection tells what has become of it.</summary>
    public void Add(WatchedConnection connection, Delivery delivery)
    {
        var ended = Keep(connection, delivery);
        ended?.Complete(received: ended != delivery || !connection.IsReset);
    }

    /// <summary>Ends all that a connection has.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="received">Whether what was written has arrived, as far as can be seen.</param>
    /// <param name="isOver">Nothing more is written to it.</param>
    public void End(WatchedConnection connection, bool received, bool isOver)
    {
        List<Delivery>? ended = null;
        lock (_lock)
        {
            while (connection.Recent?.First is { Value: var reply })
            {
                (ended ??= []).Add(Remove(reply));
            }

            if (isOver)
            {
                connection.Recent = null;
            }
        }

        ended?.ForEach(delivery => delivery.Complete(received));
    }

    public void Dispose() => _timer.Dispose();

    // Returns what is not kept, or not any longer.
    private Delivery? Keep(WatchedConnection connection, Delivery delivery)
    {
        lock (_lock)
        {
            if (_window == TimeSpan.Zero || connection.Recent is not { } recent)
            {
                return delivery;
            }

            var reply = new RecentReply(delivery, _time.GetTimestamp());
            _byAge.AddLast(reply.ByAge);
            recent.AddLast(reply.OfConnection);
            if (!_isTicking)
            {
                _isTicking = true;
                _timer.Change(_window, Timeout.InfiniteTimeSpan);
            }

            return recent.Count > MaxPerConnection ? Remove(recent.First!.Value) : null;
        }
    }

    private static Delivery Remove(RecentReply reply)
    {
        reply.ByAge.List!.Remove(reply.ByAge);
        reply.OfConnection.List!.Remove(reply.OfConnection);
        return reply.Delivery;
    }

    // One timer for all: it is set for the oldest reply, and the others have come later.
    private void Tick()
    {
        List<Delivery> ended = [];
        lock (_lock)
        {
            _isTicking = false;
            while (_byAge.First is { Value: var reply })
            {
                var left = _window - _time.GetElapsedTime(reply.Written);
                if (left > TimeSpan.Zero)
                {
                    // Not for each of many that are close to each other.
                    _isTicking = true;
                    _timer.Change(left + (_window / 8), Timeout.InfiniteTimeSpan);
                    break;
                }

                ended.Add(Remove(reply));
            }
        }

        ended.ForEach(delivery => delivery.Complete(received: true));
    }
}
