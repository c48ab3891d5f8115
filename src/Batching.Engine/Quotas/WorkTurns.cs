namespace Batching.Engine.Quotas;

/// <summary>
/// Turns at the processors for reading, checking and encoding what is large: one for each owner and so many for all, in turn
/// over the owners who wait. Small work needs none, and finds a processor that nobody holds. A turn is for work alone: who
/// waits for the network, the store or room gives it back before. Thread-safe.
/// </summary>
public sealed class WorkTurns
{
    /// <summary>Bytes beyond which work is large. As many take some two milliseconds.</summary>
    public const int LargeBytes = 64 * 1024;

    // A request is as much work as so many bytes, however short it is.
    private const int BytesOfRequest = 256;

    private readonly OwnerByteBudget _places;

    /// <param name="places">Turns at the same time, 0 for one less than there are processors.</param>
    /// <param name="time">Tells how long somebody has waited.</param>
    public WorkTurns(int places, TimeProvider time) =>
        _places = new OwnerByteBudget(places > 0 ? places : Math.Max(1, Environment.ProcessorCount - 1), share: 1, time);

    /// <summary>The number of owners who have a turn or wait for one.</summary>
    public int Owners => _places.Owners;

    /// <summary>Waits for a turn, without a thread. Whoever has one already must not ask for another.</summary>
    /// <param name="owner">Whose work it is.</param>
    /// <param name="bytes">How much.</param>
    /// <param name="cancellationToken">The work is not wanted any more.</param>
    /// <returns>The turn, which is given back by disposing it; null for work that needs none.</returns>
    public ValueTask<ByteLease?> TakeAsync(string owner, long bytes, CancellationToken cancellationToken) =>
        bytes > LargeBytes ? TakeAsync(owner, cancellationToken) : default;

    /// <summary>Waits for a turn to check and to encode requests, without a thread.</summary>
    /// <param name="owner">Whose work it is.</param>
    /// <param name="requests">How many they are.</param>
    /// <param name="bytes">How long they are together.</param>
    /// <param name="cancellationToken">The work is not wanted any more.</param>
    /// <inheritdoc cref="TakeAsync(string, long, CancellationToken)"/>
    public ValueTask<ByteLease?> TakeAsync(string owner, int requests, long bytes, CancellationToken cancellationToken) =>
        TakeAsync(owner, bytes + ((long)requests * BytesOfRequest), cancellationToken);

    private async ValueTask<ByteLease?> TakeAsync(string owner, CancellationToken cancellationToken)
    {
        var turn = _places.Open(owner);
        await turn.ReserveAsync(1, Timeout.InfiniteTimeSpan, cancellationToken);
        return turn;
    }
}
