using System.Globalization;
using Batching.Engine.Configuration;
using Batching.Engine.Model;
using Batching.Engine.Quotas;
using Batching.Engine.Telemetry;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Delivery;

/// <summary>
/// Bounds what all replies with results take that are under way at the same time, and those of each owner, however slowly
/// they are read. Thread-safe.
/// </summary>
internal sealed class ReplyBudget(MemoryBudgets budgets, BatchMetrics metrics, IOptions<BatchEngineOptions> options)
{
    // What a result takes beside its payload while it is in a message.
    private const int ResultBytes = 512;

    // What hardly takes more than the buffers of its connection is counted and not held up: small replies are not to wait for
    // large ones that their owner does not read.
    private const int SmallBytes = 256 * 1024;

    private readonly TimeSpan _wait = options.Value.Limits.PageWait;
    private readonly OwnerByteBudget _budget = budgets.Replies;

    /// <summary>Bytes that are taken.</summary>
    public long Used => _budget.Used;

    /// <summary>Bytes of a reply whose results are all in memory at once, and then once more as they are sent.</summary>
    public static long OfMessage(long payload, int results) => (2 * payload) + (results * ResultBytes);

    /// <summary>
    /// Bytes of a reply whose results are read and sent piece by piece: the largest of them, the same as it is sent, and, of
    /// text or what has to be decoded, once more in between.
    /// </summary>
    public static long OfPieces(long largest) => 3 * largest;

    /// <summary>Begins to take bytes for a reply, none at first.</summary>
    public ByteLease Open(string owner) => _budget.Open(owner);

    /// <summary>Takes what a reply needs, and waits for it as long as a page may.</summary>
    /// <returns>Why there is no room.</returns>
    public async ValueTask<Refusal?> ReserveAsync(ByteLease lease, string owner, long bytes, CancellationToken cancellationToken)
    {
        if (await ReserveAsync(lease, bytes, _wait, cancellationToken))
        {
            return null;
        }

        var isOwn = _budget.UsedBy(owner) + bytes > _budget.Share;
        var refusal = isOwn
            ? Refuse(nameof(LimitOptions.ReplyBytesPerOwner), _budget.Share, "Replies to this caller that are under way")
            : Refuse(nameof(LimitOptions.ReplyBytes), _budget.Capacity, "Replies that are under way");
        metrics.CountRefusal(refusal);
        return refusal;
    }

    /// <summary>Takes what the next piece of a stream needs, and waits for it as long as it takes.</summary>
    public static async ValueTask ReserveAsync(ByteLease lease, long bytes, CancellationToken cancellationToken) =>
        await ReserveAsync(lease, bytes, Timeout.InfiniteTimeSpan, cancellationToken);

    private static ValueTask<bool> ReserveAsync(
        ByteLease lease, long bytes, TimeSpan most, CancellationToken cancellationToken)
    {
        if (bytes > SmallBytes)
        {
            return lease.ReserveAsync(bytes, most, cancellationToken);
        }

        lease.ReserveAnyway(bytes);
        return ValueTask.FromResult(true);
    }

    private static Refusal.Exhausted Refuse(string name, long limit, string what)
    {
        var key = OptionKey.Of<LimitOptions>(name);
        return new(key, limit, Refusal.Exhausted.Soon, string.Create(
            CultureInfo.InvariantCulture,
            $"{what} take up the {limit} bytes that there are for them ({key}). Read them, and try again."));
    }
}
