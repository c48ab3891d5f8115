using Batching.Client;

namespace Batching.Cli.Terminal;

/// <summary>Makes a rate of what was done in the last seconds, and from that the time that is left.</summary>
internal sealed class ProgressMeter(TimeProvider time)
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    private readonly Queue<(long Time, long Done)> _seen = new();

    /// <summary>Takes the newest progress.</summary>
    /// <returns>Results a second, and the time until all are there; null while that can't be known.</returns>
    public (double Rate, TimeSpan? Left) Add(BatchProgress progress)
    {
        var now = time.GetTimestamp();
        _seen.Enqueue((now, progress.Done));
        while (_seen.Count > 2 && time.GetElapsedTime(_seen.Peek().Time, now) > Window)
        {
            _seen.Dequeue();
        }

        var (since, before) = _seen.Peek();
        var seconds = time.GetElapsedTime(since, now).TotalSeconds;
        var rate = seconds > 0 ? (progress.Done - before) / seconds : 0;
        return (rate, progress.Running == 0 ? TimeSpan.Zero
            : rate > 0 && progress.Running / rate < TimeSpan.FromDays(30).TotalSeconds ? TimeSpan.FromSeconds(progress.Running / rate)
            : null);
    }
}
