using Batching.Engine.Model;

namespace Batching.Engine.Delivery;

/// <summary>Results on their way to a client in one reply. Must be completed, whatever happens. Thread-safe.</summary>
public sealed class Delivery
{
    private readonly IDeliveryKeeper? _deliveries;
    private readonly List<DeliveryLedger.Range> _ranges = [];
    private readonly int? _upTo;
    private bool _isCompleted;

    /// <summary>A run of results that is handed out to nobody else meanwhile.</summary>
    internal Delivery(IDeliveryKeeper deliveries, BatchRecord record, DeliveryLedger ledger, DeliveryLedger.Range range)
        : this(deliveries, record)
    {
        Ledger = ledger;
        _ranges.Add(range);
    }

    /// <summary>Everything up to a position.</summary>
    internal Delivery(IDeliveryKeeper deliveries, BatchRecord record, int upTo)
        : this(deliveries, record) => _upTo = upTo;

    private Delivery(IDeliveryKeeper? deliveries, BatchRecord record)
    {
        _deliveries = deliveries;
        Record = record;
    }

    /// <summary>Whether the reply carries nothing that could be received.</summary>
    public bool IsOfNothing => _deliveries is null;

    /// <summary>Whether there was nothing behind it when the batch was read.</summary>
    internal bool IsToTheEnd => (_upTo ?? Last) >= Record.Finished;

    internal BatchRecord Record { get; }

    /// <summary>The entry that keeps it; null if nothing is taken yet.</summary>
    internal DeliveryLedger? Ledger { get; private set; }

    /// <summary>The position up to which everything is delivered; null if a run was taken.</summary>
    internal int? Everything => _upTo;

    /// <summary>The last change of it at another place than here; the next one waits for that.</summary>
    internal Task Settling { get; set; } = Task.CompletedTask;

    /// <summary>The first position of a run that was taken.</summary>
    internal int First => _ranges[0].First;

    /// <summary>The last position of a run that was taken.</summary>
    internal int Last => _ranges[0].Last;

    /// <summary>
    /// The reply was written completely, to a connection that had not broken. What it holds is handed out to nobody else
    /// until <see cref="Complete"/> tells whether it has arrived, but is not received before.
    /// </summary>
    public void Write() => _deliveries?.Write(this);

    /// <summary>Ends the delivery.</summary>
    /// <param name="received">
    /// The reply was written completely, and nothing tells that it did not arrive. Otherwise its results are handed out
    /// again.
    /// </param>
    public void Complete(bool received) => _deliveries?.Complete(this, received);

    /// <summary>The delivery of a reply that carries nothing that could be received.</summary>
    internal static Delivery OfNothing(BatchRecord record) => new(deliveries: null, record);

    /// <summary>Gives back what of the run is behind a position.</summary>
    internal void Shorten(int last) => _deliveries?.Shorten(this, last);

    internal void ShortenUnderLock(int last) => Ledger!.Shorten(_ranges[0], last);

    internal void WriteUnderLock(DeliveryLedger ledger)
    {
        if (_isCompleted)
        {
            return;
        }

        Ledger = ledger;
        _ranges.ForEach(static range => range.SetWritten());
        if (_upTo is { } position)
        {
            _ranges.AddRange(ledger.WriteUpTo(position));
        }
    }

    /// <summary>Ends it once; false if it was ended before.</summary>
    internal bool TryComplete()
    {
        lock (_ranges)
        {
            return !_isCompleted && (_isCompleted = true);
        }
    }

    internal void CompleteUnderLock(DeliveryLedger ledger, bool received)
    {
        if (_isCompleted)
        {
            return;
        }

        _isCompleted = true;
        Ledger = ledger;
        if (received && _upTo is { } position)
        {
            ledger.ReceiveUpTo(position);
        }
        else
        {
            _ranges.ForEach(range => ledger.Settle(range, received));
        }
    }
}
