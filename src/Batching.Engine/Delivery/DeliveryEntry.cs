namespace Batching.Engine.Delivery;

/// <summary>A batch that is being fetched. Under the lock of <see cref="DeliveryTracker"/>.</summary>
internal sealed class DeliveryEntry
{
    /// <summary>Null until it is wanted.</summary>
    public DeliveryLedger? Ledger { get; set; }

    public int StoredMark { get; set; }

    public bool IsStoring { get; set; }

    /// <summary>The last time a mark was stored, or is being.</summary>
    public Task Storing { get; set; } = Task.CompletedTask;

    /// <summary>The number of calls that need it to stay.</summary>
    public int Pins { get; set; }
}
