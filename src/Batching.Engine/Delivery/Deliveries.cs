using Batching.Engine.Committing;
using Batching.Engine.Storage;
using Microsoft.Extensions.Logging;

namespace Batching.Engine.Delivery;

/// <summary>
/// Keeps, for every batch that is being fetched, what is on the way to its client, and stores the received mark as it
/// moves. Thread-safe.
/// </summary>
internal sealed class Deliveries(GroupCommitter committer, TimeProvider time, ILogger<Deliveries> logger) : IDisposable
{
    // How much later than it moves a mark is stored. A reply that was written completely may still be in the buffers of
    // a socket; they are lost when the process is killed and the system resets the connection. Nothing but a time tells
    // that it has arrived. It also puts many moves into one write.
    private static readonly TimeSpan StoreDelay = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _waitNoMore = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<long, Open> _open = [];
    private readonly BatchSignals _settled = new();

    /// <summary>
    /// Keeps what is known of a batch. Begin before reading its record: otherwise the ledger could be closed after that,
    /// and be opened again with the record's mark, which is then behind what was received.
    /// </summary>
    public IDisposable Keep(long batchKey)
    {
        lock (_lock)
        {
            if (!_open.TryGetValue(batchKey, out var open))
            {
                _open.Add(batchKey, open = new Open());
            }

            open.Holds++;
            return new Hold(this, batchKey, open);
        }
    }

    /// <summary>Takes the first run of results that nobody has received or is receiving; null if there is none.</summary>
    /// <param name="record">The batch.</param>
    /// <param name="onTheWay">
    /// If there is none: watches for a reply that is on its way with results of the batch to end, well or not; null if
    /// there is no such reply either.
    /// </param>
    public Delivery? TryTake(BatchRecord record, out BatchSignals.BatchWatch? onTheWay)
    {
        lock (_lock)
        {
            var open = GetOrOpen(record, out var ledger);
            var range = ledger.TryTake(record.Finished);
            onTheWay = range is null && ledger.HasOnTheWay ? _settled.Watch(record.Key) : null;
            if (range is null)
            {
                CloseIfSettled(record.Key, open);
                return null;
            }

            return new Delivery(this, record.Key, ledger, range);
        }
    }

    /// <summary>Waits for a reply that is on its way to end. Deletion of the batch wakes who waits, too.</summary>
    /// <param name="onTheWay">The reply.</param>
    /// <param name="most">How long to wait.</param>
    /// <param name="cancellationToken">Who waits has gone.</param>
    /// <returns>False if it has not ended: it took too long, or the gateway stops.</returns>
    public async ValueTask<bool> WaitAsync(
        BatchSignals.BatchWatch onTheWay, TimeSpan most, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _waitNoMore.Token);
        await onTheWay.NextChange.WaitAsync(most > TimeSpan.Zero ? most : TimeSpan.Zero, time, either.Token)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
        return onTheWay.NextChange.IsCompleted && !_waitNoMore.IsCancellationRequested;
    }

    /// <summary>Lets nobody wait any more: the gateway stops.</summary>
    public Task BeginStopAsync() => _waitNoMore.CancelAsync();

    /// <summary>The received mark.</summary>
    public int MarkOf(BatchRecord record)
    {
        lock (_lock)
        {
            return _open.TryGetValue(record.Key, out var open) && open.Ledger is { } ledger
                ? ledger.Mark
                : record.Received;
        }
    }

    /// <summary>Everything up to a position was received.</summary>
    public void ReceiveUpTo(BatchRecord record, int position)
    {
        lock (_lock)
        {
            var open = GetOrOpen(record, out var ledger);
            ledger.ReceiveUpTo(position);
            StoreMark(record.Key, open, ledger);
        }
    }

    /// <summary>Stores all marks now, and from now on without delay: the replies have ended in order.</summary>
    public async Task StopAsync()
    {
        await _stopping.CancelAsync();
        while (true)
        {
            Task[] storing;
            lock (_lock)
            {
                storing = [.. _open.Values.Where(open => open.IsStoring).Select(open => open.Storing)];
            }

            if (storing.Length == 0)
            {
                return;
            }

            await Task.WhenAll(storing);
        }
    }

    public void Dispose()
    {
        _stopping.Dispose();
        _waitNoMore.Dispose();
    }

    /// <summary>Forgets a batch that was deleted.</summary>
    public void Forget(long batchKey)
    {
        lock (_lock)
        {
            _open.Remove(batchKey);
        }

        _settled.Changed(batchKey);
    }

    private Open GetOrOpen(BatchRecord record, out DeliveryLedger ledger)
    {
        if (!_open.TryGetValue(record.Key, out var open))
        {
            _open.Add(record.Key, open = new Open());
        }

        if (open.Ledger is null)
        {
            open.Ledger = new DeliveryLedger(record.Received);
            open.StoredMark = record.Received;
        }

        ledger = open.Ledger;
        return open;
    }

    private void CloseIfSettled(long batchKey, Open open)
    {
        if (open.Holds == 0
            && !open.IsStoring
            && (open.Ledger is not { } ledger || (ledger.IsSettled && open.StoredMark == ledger.Mark)))
        {
            _open.Remove(batchKey);
        }
    }

    // One write at a time for each batch; what moves meanwhile goes with the next.
    private void StoreMark(long batchKey, Open open, DeliveryLedger ledger)
    {
        if (open.IsStoring || open.StoredMark == ledger.Mark)
        {
            CloseIfSettled(batchKey, open);
            return;
        }

        open.IsStoring = true;
        open.Storing = StoreMarkAsync(batchKey, open, ledger, ledger.Mark);
    }

    private async Task StoreMarkAsync(long batchKey, Open open, DeliveryLedger ledger, int mark)
    {
        await Task.Delay(StoreDelay, time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var stored = false;
        try
        {
            await committer.WriteAsync(new StoreWrite.Receive(batchKey, mark));
            stored = true;
        }
        catch (StoreUnavailableException exception)
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
                    StoreMark(batchKey, open, ledger);
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
                    deliveries.StoreMark(batchKey, open, ledger);
                }
            }

            deliveries._settled.Changed(batchKey);
        }
    }

    private sealed class Hold(Deliveries deliveries, long batchKey, Open open) : IDisposable
    {
        public void Dispose()
        {
            lock (deliveries._lock)
            {
                open.Holds--;
                if (deliveries._open.TryGetValue(batchKey, out var current) && current == open)
                {
                    deliveries.CloseIfSettled(batchKey, open);
                }
            }
        }
    }

    private sealed class Open
    {
        /// <summary>Null until it is wanted.</summary>
        public DeliveryLedger? Ledger { get; set; }

        public int StoredMark { get; set; }

        public bool IsStoring { get; set; }

        /// <summary>The last time a mark was stored, or is being.</summary>
        public Task Storing { get; set; } = Task.CompletedTask;

        public int Holds { get; set; }
    }
}
