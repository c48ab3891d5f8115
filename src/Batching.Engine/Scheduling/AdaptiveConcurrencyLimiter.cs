using Batching.Engine.Configuration;
using Batching.Engine.Telemetry;
using Microsoft.Extensions.Logging;

namespace Batching.Engine.Scheduling;

/// <summary>
/// Limits how many calls an upstream gets at a time, and each owner of them. What goes wrong with an owner's calls makes that
/// owner's share smaller, and only what goes wrong with several owners' makes the upstream's limit smaller. Not
/// thread-safe.
/// </summary>
/// <param name="options">Of the upstream.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Told of what changes much.</param>
/// <param name="metrics">Counts pauses; null if nobody does.</param>
internal sealed class AdaptiveConcurrencyLimiter(
    UpstreamOptions options, TimeProvider time, ILogger logger, UpstreamMetrics? metrics)
{
    // How long an owner without calls is remembered if its last ones failed.
    private static readonly TimeSpan Memory = TimeSpan.FromMinutes(1);

    // Refusals are those of several owners if they come within so long.
    private static readonly TimeSpan RefusalWindow = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan LogInterval = TimeSpan.FromSeconds(10);

    // Who waits longer for a processor waits for what others have under way.
    private static readonly TimeSpan Late = TimeSpan.FromMilliseconds(2);

    // Such a wait says that the processors are short for so long.
    private static readonly TimeSpan LateMemory = TimeSpan.FromSeconds(1);

    // Enough to keep the processors at work, for calls that take no time elsewhere.
    private static readonly int PlacesOfTheBusy = 8 * Environment.ProcessorCount;

    private readonly AdaptiveLimit _limit = new(options.MaxConcurrency);
    private long _windowEnd = long.MinValue;
    private int _window;
    private int _refusedOwners;
    private int _inFlight;
    private int _aside;
    private long _busyUntil;
    private long? _lastLog;

    /// <summary>The owners that there is anything to know about.</summary>
    public OwnerShares Owners { get; } = new(
        Math.Max(1, ((options.MaxConcurrency * options.OwnerPercent) + 99) / 100),
        (long)(Memory.TotalSeconds * time.TimestampFrequency));

    /// <summary>The part of this gateway in what the upstream gets of all gateways.</summary>
    public int Part { get; set; } = options.MaxConcurrencyTotal ?? int.MaxValue;

    /// <summary>Called when the upstream has asked to be left alone: whose calls, null for all, and for how long.</summary>
    public Action<string?, TimeSpan>? WhenPaused { get; set; }

    /// <summary>The limit of the upstream.</summary>
    public AdaptiveLimit Upstream => _limit;

    /// <summary>The number of calls that the upstream gets at a time: fewer than its limit if the shares of all its owners are cut.</summary>
    public int Limit => Owners.Count == 0 || Owners.All.Any(share => share.Limit.IsFull)
        ? Most
        : Math.Min(Most, Owners.All.Sum(share => share.Limit.Value));

    /// <summary>The number of calls that have a place. More than <see cref="Limit"/> for a while when that has fallen.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>Whether there is any place to give.</summary>
    public bool HasRoom => !_limit.IsPaused && _inFlight < Most;

    /// <summary>
    /// Whether one more call may leave its place until its next attempt. Never more than there are places, so that what
    /// was begun and is not over is bounded.
    /// </summary>
    public bool MayStepAside => _aside < _limit.Max;

    /// <summary>
    /// Whether enough places are left for others if an owner gets another one. It may have a fixed multiple of those that
    /// are free: alone it comes to its percentage of all, several come to equal shares, and some are left for who comes
    /// next, however long calls take. While others wait for a processor it gets no more than keep those at work: what else is
    /// under way would only stand in the way of theirs.
    /// </summary>
    public bool LeavesEnough(OwnerShare share) =>
        share.InFlight == 0
        || (share.InFlight * (100 - options.OwnerPercent) < (Most - _inFlight) * options.OwnerPercent
            && (share.InFlight < PlacesOfTheBusy || !IsBusy()));

    /// <summary>Whether a call was begun so long after it had got its place that the processors must be short.</summary>
    public static bool IsLate(TimeSpan wait) => wait > Late;

    /// <summary>A call was begun late. Of an owner who calls alone that is its own affair.</summary>
    public void BeganLate()
    {
        if (Owners.Callers > 1)
        {
            _busyUntil = time.GetTimestamp() + (long)(LateMemory.TotalSeconds * time.TimestampFrequency);
        }
    }

    /// <summary>Counts calls that take a place or step aside, or no longer do.</summary>
    public void Count(OwnerShare share, int inFlight, int aside = 0)
    {
        share.InFlight += inFlight;
        share.Aside += aside;
        _inFlight += inFlight;
        _aside += aside;
    }

    /// <summary>The time for which no call of an owner gets a place; zero if none is kept waiting.</summary>
    public TimeSpan PauseLeft(OwnerShare share)
    {
        var (all, own) = (PauseLeft(_limit), PauseLeft(share.Limit));
        return all > own ? all : own;
    }

    /// <summary>Whether a <c>Retry-After</c> of that length pauses for all of it.</summary>
    public bool PausesFor(TimeSpan retryAfter) => retryAfter <= options.MaxPause;

    /// <summary>A call was answered as it should be.</summary>
    /// <param name="share">Whose call.</param>
    /// <param name="ownWaits">Whether more of the owner waits: calls that had room enough say nothing about more of it.</param>
    /// <param name="anyWaits">Whether more of anybody waits.</param>
    public void Answered(OwnerShare share, bool ownWaits, bool anyWaits)
    {
        if (ownWaits && share.InFlight >= share.Limit.Value && share.Limit.TryRaise())
        {
            Log(share.Limit);
        }

        if (anyWaits && _inFlight >= _limit.Value && _limit.TryRaise())
        {
            Log(_limit);
        }
    }

    /// <summary>A call was not answered in time. That says nothing about the calls of others.</summary>
    public void TimedOut(OwnerShare share, long sent) => Cut(share.Limit, sent, time.GetTimestamp());

    /// <summary>A call was answered by a 429 or 503.</summary>
    /// <param name="share">Whose call.</param>
    /// <param name="sent">When it was sent, as a timestamp.</param>
    /// <param name="retryAfter">How long the upstream asks to be left alone, if it does.</param>
    public void Refused(OwnerShare share, long sent, TimeSpan? retryAfter)
    {
        var now = time.GetTimestamp();
        var concernsAll = ConcernsAll(share, now);
        Cut(share.Limit, sent, now);
        if (concernsAll)
        {
            Cut(_limit, sent, now);
        }

        var pause = retryAfter < options.MaxPause ? retryAfter.Value : options.MaxPause;
        if (retryAfter is null || pause <= TimeSpan.Zero)
        {
            return;
        }

        Pause(share.Limit, pause, now);
        WhenPaused?.Invoke(share.Owner, pause);
        if (concernsAll)
        {
            Pause(_limit, pause, now);
            WhenPaused?.Invoke(null, pause);
        }
    }

    /// <summary>Leaves the upstream alone, because another gateway was asked to.</summary>
    /// <param name="share">Whose calls; null for all.</param>
    /// <param name="pause">For how long.</param>
    public void PauseFor(OwnerShare? share, TimeSpan pause)
    {
        var most = pause < options.MaxPause ? pause : options.MaxPause;
        if (most > TimeSpan.Zero)
        {
            Pause(share?.Limit ?? _limit, most, time.GetTimestamp());
        }
    }

    private int Most => Math.Min(_limit.Value, Part);

    private bool IsBusy()
    {
        if (_busyUntil != 0 && time.GetTimestamp() >= _busyUntil)
        {
            _busyUntil = 0;
        }

        return _busyUntil != 0;
    }

    // Refusals of one owner are about what that owner does or may do. Those of several, and of half of all who call at
    // least, are about the upstream.
    private bool ConcernsAll(OwnerShare share, long now)
    {
        if (now > _windowEnd)
        {
            _windowEnd = now + (long)(RefusalWindow.TotalSeconds * time.TimestampFrequency);
            _window++;
            _refusedOwners = 0;
        }

        if (share.RefusalWindow != _window)
        {
            share.RefusalWindow = _window;
            _refusedOwners++;
        }

        return options.LimitsByAddress || (_refusedOwners > 1 && 2 * _refusedOwners >= Owners.Callers);
    }

    private void Cut(AdaptiveLimit limit, long sent, long now)
    {
        if (options.AdaptiveConcurrency && limit.TryCut(sent, now))
        {
            Log(limit);
        }
    }

    private void Pause(AdaptiveLimit limit, TimeSpan pause, long now)
    {
        var goesOn = limit.IsPaused;
        if (!limit.TryPause(now + (long)(pause.TotalSeconds * time.TimestampFrequency)) || goesOn)
        {
            return;
        }

        if (limit == _limit)
        {
            metrics?.CountPause("upstream");
            AdaptiveConcurrencyLimiterLog.Paused(logger, options.Prefix, pause);
        }
        else
        {
            metrics?.CountPause("owner");
            AdaptiveConcurrencyLimiterLog.OwnerPaused(logger, options.Prefix, pause);
        }
    }

    private TimeSpan PauseLeft(AdaptiveLimit limit) =>
        limit.IsPaused ? time.GetElapsedTime(time.GetTimestamp(), limit.PausedUntil) : TimeSpan.Zero;

    // What changes much, and not every turn of an upstream that is at its limit all the time.
    private void Log(AdaptiveLimit limit)
    {
        var (value, logged) = (limit.Value, limit.Logged);
        if ((value > logged / 2 && value < 2 * logged && (!limit.IsFull || logged == limit.Max))
            || (_lastLog is { } last && time.GetElapsedTime(last) < LogInterval))
        {
            return;
        }

        if (limit == _limit)
        {
            AdaptiveConcurrencyLimiterLog.LimitChanged(logger, options.Prefix, logged, value, limit.Max);
        }
        else
        {
            AdaptiveConcurrencyLimiterLog.ShareChanged(logger, options.Prefix, logged, value, limit.Max);
        }

        limit.Logged = value;
        _lastLog = time.GetTimestamp();
    }
}
