namespace Batching.Engine.Scheduling;

/// <summary>
/// The owners that an upstream's limiter knows: those who have calls, and for a while those whose last calls failed.
/// Everybody else has a full share and is not remembered. Not thread-safe.
/// </summary>
/// <param name="max">How many calls of one owner may be under way at most.</param>
/// <param name="memory">How long an owner without calls is remembered, in ticks of the clock.</param>
internal sealed class OwnerShares(int max, long memory)
{
    // Those without calls are not remembered while there are more owners than that.
    private const int MaxRemembered = 1_024;

    private readonly Dictionary<string, OwnerShare> _shares = new(StringComparer.Ordinal);
    private int _idle;

    /// <summary>The number of owners.</summary>
    public int Count => _shares.Count;

    /// <summary>The number of them who have calls.</summary>
    public int Callers => _shares.Count - _idle;

    public IReadOnlyCollection<OwnerShare> All => _shares.Values;

    /// <summary>The share of an owner who has something to call.</summary>
    public OwnerShare Of(string owner)
    {
        if (!_shares.TryGetValue(owner, out var share))
        {
            share = new OwnerShare(owner, max);
            _shares.Add(owner, share);
        }
        else if (share.IsIdle)
        {
            share.IsIdle = false;
            _idle--;
        }

        return share;
    }

    /// <summary>An owner has no calls any more.</summary>
    /// <returns>Whether it is remembered, until <see cref="TryForget"/>.</returns>
    public bool Retire(OwnerShare share, long now)
    {
        if ((share.Limit.IsFull && !share.Limit.IsPaused) || _shares.Count > MaxRemembered)
        {
            _shares.Remove(share.Owner);
            return false;
        }

        share.IsIdle = true;
        share.ForgottenAt = Math.Max(share.Limit.PausedUntil, now + memory);
        _idle++;
        return true;
    }

    /// <summary>Forgets an owner who has had no calls for long.</summary>
    public bool TryForget(OwnerShare share, long now)
    {
        if (!share.IsIdle || share.ForgottenAt > now)
        {
            return false;
        }

        _idle--;
        return _shares.Remove(share.Owner);
    }
}
