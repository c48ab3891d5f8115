using System.Collections.Concurrent;

namespace Batching.SampleApi.Tests;

/// <summary>The system's time, except that every wait is written down and over at once.</summary>
public sealed class RecordingTime : TimeProvider
{
    public ConcurrentQueue<TimeSpan> Waits { get; } = new();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        Waits.Enqueue(dueTime);
        return base.CreateTimer(callback, state, TimeSpan.Zero, period);
    }
}
