using System.Collections.Concurrent;

namespace Grpc.JsonTranscoding.Tests.Infrastructure;

/// <summary>A clock that stands still, and whose timers go off when a test says so.</summary>
internal sealed class ManualTime : TimeProvider
{
    private readonly ConcurrentQueue<Timer> _timers = new();

    public override DateTimeOffset GetUtcNow() => new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(callback, state);
        _timers.Enqueue(timer);
        return timer;
    }

    /// <summary>Sets off every timer there is.</summary>
    public void FireAll()
    {
        while (_timers.TryDequeue(out var timer))
        {
            timer.Fire();
        }
    }

    private sealed class Timer(TimerCallback callback, object? state) : ITimer
    {
        private int _isOff;

        public void Fire()
        {
            if (Interlocked.Exchange(ref _isOff, 1) == 0)
            {
                callback(state);
            }
        }

        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose() => Interlocked.Exchange(ref _isOff, 1);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
