using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Batching.Engine.Running;

namespace Batching.Engine.Scheduling;

/// <summary>
/// The room for requests that wait in memory for one upstream: of bytes, and of requests, which are costly to keep however small
/// they are. A batch whose next request finds no room waits here in turn, and holds up nobody who wants another upstream. An owner
/// takes at most three times as much as is left for others, so that those who come while its calls hang find room, and of its
/// requests a batch takes at most three times as many as are left for its others. Thread-safe.
/// </summary>
/// <param name="capacity">Bytes, at least 1. Something larger is let in when nothing else is.</param>
/// <param name="places">How many calls the upstream gets at a time. Enough wait that it never has to wait for the store.</param>
internal sealed class WaitingShare(long capacity, int places)
{
    private const int Multiple = 3;

    // How many owners are looked at each time something might be let in: the others' turn comes the next times.
    private const int LooksAtATime = 16;

    // Thousands of decoded requests are what the garbage collector spends its pauses on: their number goes by how fast they
    // are taken, not by how many batches there are.
    private const int WaitingAtAPlace = 8;
    private const int LeastWaiting = 512;

    private readonly int _mostRequests = Math.Max(LeastWaiting, WaitingAtAPlace * places);
    private readonly Lock _lock = new();
    private readonly Dictionary<string, OwnerRoom> _rooms = new(StringComparer.Ordinal);
    private readonly Queue<OwnerRoom> _turns = new();
    private long _used;
    private int _requests;
    private long _parked;
    private bool _isUnparking;

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

            if (Fits(room, bytes, batch.Key))
            {
                _used += bytes;
                _requests++;
                room.Used += bytes;
                room.Requests++;
                CollectionsMarshal.GetValueRefOrAddDefault(room.OfBatches, batch.Key, out _)++;
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

    /// <summary>Gives the room of a request back.</summary>
    public void Release(long bytes, ActiveBatch batch)
    {
        lock (_lock)
        {
            var room = _rooms[batch.Owner];
            _used -= bytes;
            _requests--;
            room.Used -= bytes;
            room.Requests--;
            ref var ofBatch = ref CollectionsMarshal.GetValueRefOrNullRef(room.OfBatches, batch.Key);
            if (--ofBatch == 0)
            {
                room.OfBatches.Remove(batch.Key);
            }

            Settle(room);
        }
    }

    /// <summary>
    /// Lets a parked batch go on once a quarter of what its owner may take is free: its window is read again for it, which
    /// a single request is not worth.
    /// </summary>
    /// <param name="batch">The batch.</param>
    /// <param name="hasLoaded">
    /// Whether the loader asks, which has loaded what came before. Nobody else gets another batch until then: it would be read for
    /// room that is given away already.
    /// </param>
    public bool TryUnpark([MaybeNullWhen(false)] out ActiveBatch batch, bool hasLoaded)
    {
        lock (_lock)
        {
            batch = null;
            if (_isUnparking && !hasLoaded)
            {
                return false;
            }

            for (var left = Math.Min(_turns.Count, LooksAtATime); left > 0 && batch is null; left--)
            {
                var room = _turns.Dequeue();
                var (next, bytes) = room.Parked.Peek();
                if (HasQuarter(room) && Fits(room, bytes, next.Key))
                {
                    batch = next;
                    room.Parked.Dequeue();
                }

                if (room.Parked.Count > 0)
                {
                    _turns.Enqueue(room);
                }

                Settle(room);
            }

            return _isUnparking = batch is not null;
        }
    }

    // An owner who has nothing here leaves nothing behind.
    private void Settle(OwnerRoom room)
    {
        if (room is { Requests: 0, Parked.Count: 0 })
        {
            _rooms.Remove(room.Owner);
        }
    }

    private bool Fits(OwnerRoom room, long bytes, long batchKey)
    {
        if (_requests == 0)
        {
            return true;
        }

        var hasBytes = _used + bytes <= capacity
            && (room.Requests == 0 || room.Used + bytes <= Multiple * (capacity - _used - bytes));
        var left = _mostRequests - _requests - 1;
        if (!hasBytes || left < 0)
        {
            return false;
        }

        var ofBatch = room.OfBatches.GetValueOrDefault(batchKey);
        return room.Requests == 0
            || (room.Requests + 1 <= Multiple * left
                && (ofBatch == 0 || ofBatch + 1 <= Multiple * (MostRequests(room) - room.Requests - 1)));
    }

    private bool HasQuarter(OwnerRoom room)
    {
        var bytes = Most(capacity, _used - room.Used);
        var requests = MostRequests(room);
        return room.Used <= bytes - (bytes / 4) && room.Requests <= requests - (requests / 4);
    }

    private int MostRequests(OwnerRoom room) => (int)Most(_mostRequests, _requests - room.Requests);

    // As much as it comes to beside what the others hold.
    private static long Most(long capacity, long ofOthers) => Multiple * (capacity - ofOthers) / (Multiple + 1);

    private sealed class OwnerRoom(string owner)
    {
        public string Owner => owner;

        public long Used { get; set; }

        public int Requests { get; set; }

        /// <summary>The number of them that are of each batch.</summary>
        public Dictionary<long, int> OfBatches { get; } = [];

        /// <summary>The highest priority first, and in the order in which they came.</summary>
        public PriorityQueue<(ActiveBatch Batch, long Bytes), (int Rank, long Order)> Parked { get; } = new();
    }
}
