using Batching.Engine.Committing;
using Batching.Engine.Storage;
using Microsoft.Extensions.Logging;

namespace Batching.Engine.Delivery;

/// <summary>
/// Keeps, for every batch that is being fetched, what is on the way to its client, and stores the received mark as it
/// moves. Thread-safe.
/// </summary>
internal sealed class Deliveries(GroupCommitter committer, ILogger<Deliveries> logger)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<long, Open> _open = [];
    private readonly BatchSignals _settled = new();

    /// <summary>Takes the first run of results that nobody has received or is receiving; null if there is none.</summary>
    public Delivery? TryTake(BatchRecord record)
    {
        lock (_lock)
        {
            var open = GetOrOpen(record);
            var range = open.Ledger.TryTake(record.Finished);
            if (range is null)
            {
                CloseIfSettled(record.Key, open);
                return null;
            }

            return new Delivery(this, record.Key, open.Ledger, range);
        }
    }

    /// <summary>
    /// Completes when a reply that is on its way with results of the batch has ended, well or not; null if there is none.
    /// </summary>
    public Task? NextSettled(BatchRecord record)
    {
        lock (_lock)
        {
            return _open.TryGetValue(record.Key, out var open) && open.Ledger.HasOnTheWay
                ? _settled.NextChange(record.Key)
                : null;
        }
    }

    /// <summary>The received mark.</summary>
    public int MarkOf(BatchRecord record)
    {
        lock (_lock)
        {
            return _open.TryGetValue(record.Key, out var open) ? open.Ledger.Mark : record.Received;
        }
    }

    /// <summary>Everything up to a position was received.</summary>
    public void ReceiveUpTo(BatchRecord record, int position)
    {
        lock (_lock)
        {
            var open = GetOrOpen(record);
            open.Ledger.ReceiveUpTo(position);
            StoreMark(record.Key, open);
        }
    }

    /// <summary>Forgets a batch that was deleted.</summary>
    public void Forget(long batchKey)
    {
        lock (_lock)
        {
            _open.Remove(batchKey);
        }
    }

    private Open GetOrOpen(BatchRecord record)
    {
        if (!_open.TryGetValue(record.Key, out var open))
        {
            _open.Add(record.Key, open = new Open(new DeliveryLedger(record.Received), record.Received));
        }

        return open;
    }

    private void CloseIfSettled(long batchKey, Open open)
    {
        if (open.Ledger.IsSettled && open.StoredMark == open.Ledger.Mark && !open.IsStoring)
        {
            _open.Remove(batchKey);
        }
    }

    // One write at a time for each batch; what moves meanwhile goes with the next.
    private void StoreMark(long batchKey, Open open)
    {
        if (open.IsStoring || open.StoredMark == open.Ledger.Mark)
        {
            CloseIfSettled(batchKey, open);
            return;
        }

        open.IsStoring = true;
        _ = StoreMarkAsync(batchKey, open, open.Ledger.Mark);
    }

    private async Task StoreMarkAsync(long batchKey, Open open, int mark)
    {
        var stored = false;
        try
        {
            await committer.WriteAsync(new StoreWrite.Receive(batchKey, mark));
            stored = true;
        }
        catch (Exception exception) when (exception is StoreUnavailableException or System.Threading.Channels.ChannelClosedException)
        {
            // The mark stays in memory and goes with the next one. After a crash its results are handed out again.
            DeliveriesLog.MarkNotStored(logger, exception);
        }

        lock (_lock)
        {
            open.IsStoring = false;
            if (stored)
            {
                open.StoredMark = mark;
                if (_open.TryGetValue(batchKey, out var current) && current == open)
                {
                    StoreMark(batchKey, open);
                }
            }
        }
    }

    /// <summary>Results on their way to a client. Must be completed, whatever happens.</summary>
    internal sealed class Delivery(
        Deliveries deliveries, long batchKey, DeliveryLedger ledger, DeliveryLedger.Range range)
    {
        private bool _completed;

        public int First => range.First;

        public int Last => range.Last;

        /// <summary>Gives back what is behind a position.</summary>
        public void Shorten(int last)
        {
            lock (deliveries._lock)
            {
                ledger.Shorten(range, last);
            }
        }

        /// <summary>Ends the delivery.</summary>
        /// <param name="received">
        /// The reply was completely written and its connection had not broken. Otherwise the results are handed out
        /// again.
        /// </param>
        public void Complete(bool received)
        {
            lock (deliveries._lock)
            {
                if (_completed)
                {
                    return;
                }

                _completed = true;
                ledger.Settle(range, received);
                if (deliveries._open.TryGetValue(batchKey, out var open) && open.Ledger == ledger)
                {
                    deliveries.StoreMark(batchKey, open);
                }
            }

            deliveries._settled.Changed(batchKey);
        }
    }

    private sealed class Open(DeliveryLedger ledger, int storedMark)
    {
        public DeliveryLedger Ledger { get; } = ledger;

        public int StoredMark { get; set; } = storedMark;

        public bool IsStoring { get; set; }
    }
}
