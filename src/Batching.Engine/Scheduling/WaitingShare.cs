using System.Diagnostics.CodeAnalysis;
using Batching.Engine.Running;

namespace Batching.Engine.Scheduling;

/// <summary>
/// The room for requests that wait in memory for one upstream. A batch whose next request finds no room waits here in turn, and holds up
/// nobody who wants another upstream. An owner takes at most three times as much as is left for others, so that those who
/// come while its calls hang find room. Thread-safe.
/// </summary>
/// <param name="capacity">Bytes, at least 1. Something larger is let in when nothing else is.</param>
internal sealed class WaitingShare(long capacity)
{
    private const int Multiple = 3;

    // How many owners are looked at each time something might be let in: the others' turn comes the next times.
    private const int LooksAtATime = 16;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, OwnerRoom> _rooms = new(StringComparer.Ordinal);
    private readonly Queue<OwnerRoom> _turns = new();
    private long _used;
    private long _parked;

    /// <summary>Reserves room for a request, or parks its batch.</summary>
    public bool TryReserve(long bytes, ActiveBatch batch)
    {
        lock (_lock)
        {
            if (!_rooms.TryGetValue(batch.Owner, out var room))
            {
                room = new OwnerRoom(batch.Owner);
                _rooms.Add(batch.Owner, room);
            }

            if (Fits(room, bytes))
            {
                _used += bytes;
                room.Used += bytes;
                return true;
            }

            if (room.Parked.Count == 0)
            {
                _turns.Enqueue(room);
            }

            room.Parked.Enqueue((batch, bytes), (-batch.Priority, _parked++));
            return false;
        }
    }

    /// <summary>Gives room back.</summary>
    public void Release(long bytes, string owner)
    {
        lock (_lock)
        {
            var room = _rooms[owner];
            _used -= bytes;
            room.Used -= bytes;
            Settle(room);
        }
    }

    /// <summary>
    /// Lets a parked batch go on once a quarter of what its owner may take is free: its window is read again for it, which
    /// a single request is not worth.
    /// </summary>
    public bool TryUnpark([MaybeNullWhen(false)] out ActiveBatch batch)
    {
        lock (_lock)
        {
            for (var left = Math.Min(_turns.Count, LooksAtATime); left > 0; left--)
            {
                var room = _turns.Dequeue();
                var (next, bytes) = room.Parked.Peek();
                var isFree = HasQuarter(room) && Fits(room, bytes);
                if (isFree)
                {
                    room.Parked.Dequeue();
                }

                if (room.Parked.Count > 0)
                {
                    _turns.Enqueue(room);
                }

                if (isFree)
                {
                    Settle(room);
                    batch = next;
                    return true;
                }
            }
        }

        batch = null;
        return false;
    }

    // An owner who has nothing here leaves nothing behind.
    private void Settle(OwnerRoom room)
    {
        if (room is { Used: 0, Parked.Count: 0 })
        {
            _rooms.Remove(room.Owner);
        }
    }

    private bool Fits(OwnerRoom room, long bytes) =>
        _used == 0
        || (_used + bytes <= capacity
            && (room.Used == 0 || room.Used + bytes <= Multiple * (capacity - _used - bytes)));

    // Of as much as it comes to beside what the others hold.
    private bool HasQuarter(OwnerRoom room)
    {
        var most = Multiple * (capacity - (_used - room.Used)) / (Multiple + 1);
        return room.Used <= most - (most / 4);
    }

    private sealed class OwnerRoom(string owner)
    {
        public string Owner => owner;

        public long Used { get; set; }

        /// <summary>The highest priority first, and in the order in which they came.</summary>
        public PriorityQueue<(ActiveBatch Batch, long Bytes), (int Rank, long Order)> Parked { get; } = new();
    }
}
