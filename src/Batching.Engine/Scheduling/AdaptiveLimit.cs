namespace Batching.Engine.Scheduling;

/// <summary>
/// The number of calls that may be under way at a time: the maximum while the API keeps up, half as many each time it shows that
/// it doesn't, and then slowly more again; none during a pause. Not thread-safe, but that <see cref="Value"/> may be read
/// at any time.
/// </summary>
/// <param name="max">The maximum, at least 1.</param>
internal sealed class AdaptiveLimit(int max)
{
    private long _lastCut = long.MinValue;
    private int _answers;
    private int _value = max;

    /// <summary>The maximum.</summary>
    public int Max { get; } = max;

    /// <summary>The number of calls that there may be at the moment, 1 to <see cref="Max"/>.</summary>
    public int Value => Volatile.Read(ref _value);

    /// <summary>Whether nothing is cut off.</summary>
    public bool IsFull => Value == Max;

    /// <summary>Whether there may be no call at all.</summary>
    public bool IsPaused { get; private set; }

    /// <summary>The time at which the pause is over, as a timestamp.</summary>
    public long PausedUntil { get; private set; } = long.MinValue;

    /// <summary>The value that was logged last.</summary>
    public int Logged { get; set; } = max;

    /// <summary>A call has failed.</summary>
    /// <param name="sent">When it was sent: before the last cut, it says nothing about the limit that there is since.</param>
    /// <param name="now">The time, as a timestamp.</param>
    public bool TryCut(long sent, long now)
    {
        if (sent <= _lastCut)
        {
            return false;
        }

        _lastCut = now;
        _answers = 0;
        Volatile.Write(ref _value, Math.Max(1, _value / 2));
        return true;
    }

    /// <summary>A call was answered while others waited for the limit: after a round of answers there may be one more.</summary>
    public bool TryRaise()
    {
        if (IsFull || ++_answers < _value)
        {
            return false;
        }

        _answers = 0;
        Volatile.Write(ref _value, _value + 1);
        return true;
    }

    /// <summary>Begins a pause, or prolongs it; never shortens one.</summary>
    /// <returns>Whether it is longer than before.</returns>
    public bool TryPause(long until)
    {
        if (until <= PausedUntil)
        {
            return false;
        }

        IsPaused = true;
        PausedUntil = until;
        return true;
    }

    /// <summary>Ends a pause whose time is over.</summary>
    public void Resume(long now) => IsPaused &= now < PausedUntil;
}
