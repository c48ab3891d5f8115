using System.Diagnostics.CodeAnalysis;
using Batching.Engine.Model;

namespace Batching.Engine.Webhooks;

/// <summary>
/// The messages that are about to be sent, few of each lane, and those under way. Lanes take turns, and each has a bounded share
/// of the places, so that a receiver that does not answer keeps only its own messages waiting. Thread-safe.
/// </summary>
/// <param name="places">Messages under way at the same time.</param>
internal sealed class SendingLanes(int places)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<WebhookLane, SendingLane> _lanes = [];
    private readonly Dictionary<string, int> _ofHost = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _underWayToHost = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _underWayOfOwner = new(StringComparer.Ordinal);
    private readonly HashSet<(long Batch, BatchEvents Event)> _known = [];
    private readonly LinkedList<WebhookLane> _line = new();
    private int _underWay;
    private bool _wantsMore;

    /// <summary>Messages of one lane that are here at most: those under way, and as many again.</summary>
    public int PerLane { get; } = 2 * Math.Max(1, places / 8);

    /// <summary>Room for more messages.</summary>
    public int Room
    {
        get
        {
            lock (_lock)
            {
                return MaxHeld - _known.Count;
            }
        }
    }

    // So many that a whole quarter of them is a host's before lanes of others find no room.
    private int MaxHeld => 64 * places;

    /// <summary>Adds a message that is due, unless it is here already or its lane or receiver has as many as it may.</summary>
    public void Add(WebhookMessage message)
    {
        var key = LaneOf(message);
        lock (_lock)
        {
            if (_known.Count >= MaxHeld || _ofHost.GetValueOrDefault(key.Host) >= MaxHeld / 4)
            {
                return;
            }

            if (!_lanes.TryGetValue(key, out var lane))
            {
                _lanes.Add(key, lane = new SendingLane());
            }

            if (lane.Held >= PerLane || !_known.Add((message.BatchKey, message.Event)))
            {
                return;
            }

            lane.Held++;
            Count(_ofHost, key.Host, 1);
            lane.Waiting.Enqueue(message);
            StandInLine(key, lane);
        }
    }

    /// <summary>Takes the next message that may be sent now; false if there is none.</summary>
    public bool TryTake([NotNullWhen(true)] out WebhookMessage? message)
    {
        message = null;
        lock (_lock)
        {
            if (_underWay >= places)
            {
                return false;
            }

            for (var node = _line.First; node is not null; node = node.Next)
            {
                var key = node.Value;
                var lane = _lanes[key];
                if (lane.UnderWay < Math.Max(1, places / 8)
                    && _underWayToHost.GetValueOrDefault(key.Host) < places / 4
                    && _underWayOfOwner.GetValueOrDefault(key.Owner) < places / 4)
                {
                    message = lane.Waiting.Dequeue();
                    _line.Remove(node);
                    lane.IsInLine = false;
                    StandInLine(key, lane);
                    _wantsMore |= lane.Waiting.Count == 0;
                    CountUnderWay(key, lane, 1);
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>An attempt has ended: gives its place back. The message stays known, until that is noted.</summary>
    public void Release(WebhookMessage message)
    {
        var key = LaneOf(message);
        lock (_lock)
        {
            CountUnderWay(key, _lanes[key], -1);
        }
    }

    /// <summary>The attempt is noted: the message may be added again once it is due.</summary>
    public void Forget(WebhookMessage message)
    {
        var key = LaneOf(message);
        lock (_lock)
        {
            var lane = _lanes[key];
            _known.Remove((message.BatchKey, message.Event));
            Count(_ofHost, key.Host, -1);
            _wantsMore |= lane.Waiting.Count == 0;
            if (--lane.Held == 0)
            {
                _lanes.Remove(key);
            }
        }
    }

    /// <summary>Whether there may be room for more of some lane, since this was asked the last time.</summary>
    public bool TakeWish()
    {
        lock (_lock)
        {
            var wish = _wantsMore;
            _wantsMore = false;
            return wish;
        }
    }

    private static WebhookLane LaneOf(WebhookMessage message) => new(message.Owner, message.Host);

    private static void Count(Dictionary<string, int> counts, string name, int change)
    {
        var count = counts.GetValueOrDefault(name) + change;
        if (count == 0)
        {
            counts.Remove(name);
        }
        else
        {
            counts[name] = count;
        }
    }

    private void CountUnderWay(WebhookLane key, SendingLane lane, int change)
    {
        lane.UnderWay += change;
        _underWay += change;
        Count(_underWayToHost, key.Host, change);
        Count(_underWayOfOwner, key.Owner, change);
    }

    private void StandInLine(WebhookLane key, SendingLane lane)
    {
        if (!lane.IsInLine && lane.Waiting.Count > 0)
        {
            lane.IsInLine = true;
            _line.AddLast(key);
        }
    }
}
