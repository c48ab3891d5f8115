using Microsoft.Extensions.Time.Testing;

namespace Batching.Engine.Tests.Infrastructure;

/// <summary>
/// A clock that stands still until it is advanced, and that tells what is waited for. Its timers call back on the thread
/// pool, as the system's do: whoever reads the clock or sets a timer under a lock runs nobody else's code there.
/// </summary>
internal sealed class FakeTime() : FakeTimeProvider(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero))
{
    private readonly Lock _lock = new();
    private readonly Dictionary<PoolTimer, DateTimeOffset> _due = [];

    /// <summary>How long the timers that are set, and don't tick again and again, have still to go.</summary>
    public IReadOnlyList<TimeSpan> Pending
    {
        get
        {
            lock (_lock)
            {
                return [.. _due.Values.Select(due => due - GetUtcNow())];
            }
        }
    }

    /// <summary>Moves the clock, and fires what becomes due on the way.</summary>
    public new void Advance(TimeSpan by)
    {
        // Not while a timer is set: what Pending says of it would be wrong.
        lock (_lock)
        {
            SetUtcNow(GetUtcNow() + by);
        }
    }

    /// <summary>
    /// Advances to each timer that is set for less than <paramref name="below"/>, until the task is done.
    /// </summary>
    public async Task<T> DriveAsync<T>(Task<T> task, TimeSpan below)
    {
        await Eventually.BeTrueAsync(
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
        var timer = new PoolTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private ITimer CreateOwnTimer(TimerCallback callback) =>
        base.CreateTimer(callback, null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    private sealed class PoolTimer : ITimer
    {
        private readonly FakeTime _time;
        private readonly ITimer _timer;

        public PoolTimer(FakeTime time, TimerCallback callback, object? state)
        {
            _time = time;
            _timer = time.CreateOwnTimer(_ =>
            {
                lock (time._lock)
                {
                    time._due.Remove(this);
                }

                ThreadPool.UnsafeQueueUserWorkItem(state => callback(state), state, preferLocal: false);
            });
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (_time._lock)
            {
                _time._due.Remove(this);
                if (dueTime >= TimeSpan.Zero && period <= TimeSpan.Zero)
                {
                    _time._due.Add(this, _time.GetUtcNow() + dueTime);
                }

                if (_timer.Change(dueTime, period))
                {
                    return true;
                }

                // It is disposed of.
                _time._due.Remove(this);
                return false;
            }
        }

        public void Dispose()
        {
            lock (_time._lock)
            {
                _time._due.Remove(this);
                _timer.Dispose();
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
