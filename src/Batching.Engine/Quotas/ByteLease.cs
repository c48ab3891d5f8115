namespace Batching.Engine.Quotas;

/// <summary>
/// The bytes that somebody holds of an <see cref="OwnerByteBudget"/>. Dispose it when they are not in memory any more,
/// whatever has happened, and not while more are waited for. Thread-safe.
/// </summary>
public sealed class ByteLease : IDisposable
{
    private readonly OwnerByteBudget _budget;

    internal ByteLease(OwnerByteBudget budget, string owner)
    {
        _budget = budget;
        Owner = owner;
    }

    /// <summary>Bytes that are held. Changed by the budget alone, under its lock.</summary>
    public long Held { get; internal set; }

    internal string Owner { get; }

    /// <summary>Takes more bytes, unless there is no room or others wait for it.</summary>
    public bool TryReserve(long bytes) => _budget.TryReserve(this, bytes);

    /// <summary>Takes more bytes as soon as there is room. Two who hold some and wait for more may wait for each other.</summary>
    /// <param name="bytes">How many.</param>
    /// <param name="most">How long to wait; <see cref="Timeout.InfiniteTimeSpan"/> for as long as it takes.</param>
    /// <param name="cancellationToken">They are not wanted any more.</param>
    /// <returns>False if there was no room in that time.</returns>
    public ValueTask<bool> ReserveAsync(long bytes, TimeSpan most, CancellationToken cancellationToken) =>
        _budget.ReserveAsync(this, bytes, most, cancellationToken);

    /// <summary>Takes bytes that are in memory already, whether there is room for them or not.</summary>
    public void ReserveAnyway(long bytes) => _budget.ReserveAnyway(this, bytes);

    /// <summary>Gives some of the bytes back.</summary>
    public void Release(long bytes) => _budget.Release(this, bytes);

    /// <summary>Gives back what is held. More may be taken afterwards.</summary>
    public void Dispose() => _budget.Release(this, bytes: null);
}
