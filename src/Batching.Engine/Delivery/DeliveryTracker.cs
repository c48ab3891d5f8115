using Batching.Engine.Committing;
using Batching.Engine.Model;
using Batching.Engine.Running;
using Batching.Engine.Storage;

namespace Batching.Engine.Delivery;

/// <summary>
/// Keeps, for every batch that is being fetched, what is on the way to its client, and has the received mark stored as it
/// moves. Thread-safe.
/// </summary>
internal sealed class DeliveryTracker : IDeliveryKeeper, ICommitSubscriber, IDisposable
{
    private readonly ReceivedMarks _marks;
    private readonly ActiveBatches _activeBatches;
    private readonly RequestReader _requests;
    private readonly ResultReader _results;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _waitNoMore = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<long, DeliveryEntry> _entries = [];
    private readonly ChangeNotifier _settled = new();

    public DeliveryTracker(
        ReceivedMarks marks,
        CommitPublisher publisher,
        ActiveBatches activeBatches,
        RequestReader requests,
        ResultReader results,
        TimeProvider time)
    {
        _marks = marks;
        _activeBatches = activeBatches;
        _requests = requests;
        _results = results;
        _time = time;
        publisher.Subscribe(this);
    }

    /// <summary>
    /// Keeps what is known of a batch. Begin before reading its record: otherwise the ledger could be closed after that,
    /// and be opened again with the record's mark, which is then behind what was received.
    /// </summary>
    public IDisposable Pin(long batchKey)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(batchKey, out var entry))
            {
                _entries.Add(batchKey, entry = new DeliveryEntry());
            }

            entry.Pins++;
            return new PinnedEntry(this, batchKey, entry);
        }
    }

    /// <summary>Takes the first run of results that nobody has received or is receiving; null if there is none.</summary>
    /// <param name="record">The batch.</param>
    /// <param name="onTheWay">
    /// If there is none: watches for a reply that is on its way with results of the batch to end, well or not; null if
    /// there is no such reply either.
    /// </param>
    public Delivery? TryClaim(BatchRecord record, out ChangeNotifier.ChangeWatch? onTheWay)
    {
        lock (_lock)
        {
            var entry = GetOrAdd(record, out var ledger);
            var range = ledger.TryClaim(record.Finished);
            onTheWay = range is null && ledger.HasOnTheWay ? _settled.Watch(record.Key) : null;
            if (range is null)
            {
                RemoveIfSettled(record.Key, entry);
                return null;
            }

            return new Delivery(this, record, ledger, range);
        }
    }

    /// <summary>Waits for a reply that is on its way to end. Deletion of the batch wakes who waits, too.</summary>
    /// <param name="onTheWay">The reply.</param>
    /// <param name="most">How long to wait.</param>
    /// <param name="cancellationToken">Who waits has gone.</param>
    /// <returns>False if it has not ended: it took too long, or the gateway stops.</returns>
    public async ValueTask<bool> WaitAsync(
        ChangeNotifier.ChangeWatch onTheWay, TimeSpan most, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _waitNoMore.Token);
        await onTheWay.NextChange.WaitAsync(most > TimeSpan.Zero ? most : TimeSpan.Zero, _time, either.Token)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
        return onTheWay.NextChange.IsCompleted && !_waitNoMore.IsCancellationRequested;
    }

    /// <summary>Lets nobody wait any more: the gateway stops.</summary>
    public Task BeginStopAsync() => _waitNoMore.CancelAsync();

    /// <summary>The position up to which the client has everything, unless a reply that was written a moment ago turns out to be lost.</summary>
    public int WrittenOf(BatchRecord record)
    {
        lock (_lock)
        {
            return _entries.TryGetValue(record.Key, out var entry) && entry.Ledger is { } ledger
                ? Math.Max(ledger.Written, record.Received)
                : record.Received;
        }
    }

    /// <summary>Begins to deliver everything up to a position, to whoever else it is on the way.</summary>
    public Delivery UpTo(BatchRecord record, int position) => new(this, record, position);

    /// <summary>Everything up to a position was received.</summary>
    public void ReceiveUpTo(BatchRecord record, int position)
    {
        lock (_lock)
        {
            var entry = GetOrAdd(record, out var ledger);
            ledger.ReceiveUpTo(position);
            StoreMark(record.Key, entry, ledger);
        }
    }

    /// <summary>Stores all marks now, and from now on without delay: the replies have ended in order.</summary>
    public async Task StopAsync()
    {
        await _marks.StopWaitingAsync();
        while (true)
        {
            Task[] storing;
            lock (_lock)
            {
                storing = [.. _entries.Values.Where(entry => entry.IsStoring).Select(entry => entry.Storing)];
            }

            if (storing.Length == 0)
            {
                return;
            }

            await Task.WhenAll(storing);
        }
    }

    public void Dispose() => _waitNoMore.Dispose();

    /// <summary>Forgets a batch that was deleted.</summary>
    public void OnCommitted(StoreWrite write, ActiveBatch? batch)
    {
        if (write is not StoreWrite.Delete)
        {
            return;
        }

        lock (_lock)
        {
            _entries.Remove(write.BatchKey);
        }

        _settled.Notify(write.BatchKey);
    }

    /// <inheritdoc cref="Delivery.Shorten"/>
    public void Shorten(Delivery delivery, int last)
    {
        lock (_lock)
        {
            delivery.ShortenUnderLock(last);
        }
    }

    /// <inheritdoc cref="Delivery.Write"/>
    public void Write(Delivery delivery)
    {
        lock (_lock)
        {
            delivery.WriteUnderLock(LedgerOf(delivery));
        }

        var key = delivery.Record.Key;
        _settled.Notify(key);
        if (delivery.IsToTheEnd && !_activeBatches.TryGet(key, out _))
        {
            // As a rule nobody reads it again; to keep it would only take the room of others, and make it old.
            _requests.Forget(key);
            _results.Forget(key);
        }
    }

    /// <inheritdoc cref="Delivery.Complete"/>
    public void Complete(Delivery delivery, bool received)
    {
        lock (_lock)
        {
            // Of a batch that was deleted meanwhile there is nothing left to say.
            var ledger = LedgerOf(delivery);
            delivery.CompleteUnderLock(ledger, received);
            if (_entries.TryGetValue(delivery.Record.Key, out var entry) && entry.Ledger == ledger)
            {
                StoreMark(delivery.Record.Key, entry, ledger);
            }
        }

        _settled.Notify(delivery.Record.Key);
    }

    private DeliveryLedger LedgerOf(Delivery delivery)
    {
        if (delivery.Ledger is { } known)
        {
            return known;
        }

        GetOrAdd(delivery.Record, out var ledger);
        return ledger;
    }

    private DeliveryEntry GetOrAdd(BatchRecord record, out DeliveryLedger ledger)
    {
        if (!_entries.TryGetValue(record.Key, out var entry))
        {
            _entries.Add(record.Key, entry = new DeliveryEntry());
        }

        if (entry.Ledger is null)
        {
            entry.Ledger = new DeliveryLedger(record.Received);
            entry.StoredMark = record.Received;
        }

        // It may have been opened with a record that was read long before: that of a stream at its end.
        entry.StoredMark = Math.Max(entry.StoredMark, record.Received);
        entry.Ledger.ReceiveUpTo(record.Received);
        ledger = entry.Ledger;
        return entry;
    }

    private void RemoveIfSettled(long batchKey, DeliveryEntry entry)
    {
        if (entry.Pins == 0
            && !entry.IsStoring
            && (entry.Ledger is not { } ledger || (ledger.IsSettled && entry.StoredMark == ledger.Mark)))
        {
            _entries.Remove(batchKey);
        }
    }

    // One write at a time for each batch; what moves meanwhile goes with the next.
    private void StoreMark(long batchKey, DeliveryEntry entry, DeliveryLedger ledger)
    {
        if (entry.IsStoring || entry.StoredMark == ledger.Mark)
        {
            RemoveIfSettled(batchKey, entry);
            return;
        }

        entry.IsStoring = true;
        entry.Storing = StoreMarkAsync(batchKey, entry, ledger, ledger.Mark);
    }

    private async Task StoreMarkAsync(long batchKey, DeliveryEntry entry, DeliveryLedger ledger, int mark)
    {
        var isStored = await _marks.TryStoreAsync(batchKey, mark);
        lock (_lock)
        {
            entry.IsStoring = false;
            if (isStored)
            {
                entry.StoredMark = mark;
                if (_entries.TryGetValue(batchKey, out var current) && current == entry)
                {
                    StoreMark(batchKey, entry, ledger);
                }
            }
        }
    }

    private sealed class PinnedEntry(DeliveryTracker tracker, long batchKey, DeliveryEntry entry) : IDisposable
    {
        public void Dispose()
        {
            lock (tracker._lock)
            {
                entry.Pins--;
                if (tracker._entries.TryGetValue(batchKey, out var current) && current == entry)
                {
                    tracker.RemoveIfSettled(batchKey, entry);
                }
            }
        }
    }
}
