namespace Batching.Engine.Tests.Infrastructure;

/// <summary>A clock that stands still until it is advanced. Timers that are due fire on the thread pool.</summary>
internal sealed class FakeTime : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<FakeTimer> _timers = [];
    private DateTimeOffset _now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock)
        {
            return _now;
        }
    }

    public override long GetTimestamp() => GetUtcNow().Ticks;

    /// <summary>How long the timers that are set have still to go.</summary>
    public IReadOnlyList<TimeSpan> Pending
    {
        get
        {
            lock (_lock)
            {
                return [.. _timers.Where(timer => timer.Due is not null).Select(timer => timer.Due!.Value - _now)];
            }
        }
    }

    /// <summary>Moves the clock, and fires what becomes due on the way.</summary>
    public void Advance(TimeSpan by)
    {
        lock (_lock)
        {
            _now += by;
        }

        FireDue();
    }

    /// <summary>
    /// Advances to each timer that is set for less than <paramref name="below"/>, until the task is done.
    /// </summary>
    public async Task<T> DriveAsync<T>(Task<T> task, TimeSpan below)
    {
        await Poll.UntilAsync(
            () =>
            {
                if (Pending.Where(due => due < below).Order().FirstOrDefault() is { Ticks: > 0 } due && !task.IsCompleted)
                {
                    Advance(due);
                }

                return task.IsCompleted;
            },
            "the end of a task, while the clock was advanced");
        return await task;
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new FakeTimer(this, callback, state);
        lock (_lock)
        {
            _timers.Add(timer);
        }

        timer.Change(dueTime, period);
        return timer;
    }

    private void FireDue()
    {
        while (true)
        {
            FakeTimer? next;
            lock (_lock)
            {
                next = _timers.Where(timer => timer.Due <= _now).MinBy(timer => timer.Due);
                if (next is null)
                {
                    return;
                }

                // A periodic timer that has missed ticks ticks once.
                next.Due = next.Period > TimeSpan.Zero ? _now + next.Period : null;
            }

            ThreadPool.UnsafeQueueUserWorkItem(static timer => timer.Fire(), next, preferLocal: false);
        }
    }

    private sealed class FakeTimer(FakeTime time, TimerCallback callback, object? state) : ITimer
    {
        public DateTimeOffset? Due { get; set; }

        public TimeSpan Period { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time._lock)
            {
                if (!time._timers.Contains(this))
                {
                    return false;
                }

                Due = dueTime < TimeSpan.Zero ? null : time._now + dueTime;
                Period = period;
            }

            time.FireDue();
            return true;
        }

        public void Fire() => callback(state);

        public void Dispose()
        {
            lock (time._lock)
            {
                time._timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
