using Batching.Engine.Storage;

namespace Batching.Engine.Running;

/// <summary>
/// The runs of requests that this gateway holds of a batch that others run, too, and how many more it wants. Used by whoever claims
/// them, one call at a time, <see cref="IsLow"/> aside.
/// </summary>
/// <param name="requests">The requests.</param>
/// <param name="time">The clock.</param>
internal sealed class HeldRuns(ReadyRequests requests, TimeProvider time)
{
    // More are claimed when no more than so many are ready, times as many runs as the last time.
    private const int LowWater = 128;

    private const int MostRuns = 16;

    // Runs that last for a shorter time are too few.
    private static readonly TimeSpan ShortTime = TimeSpan.FromMilliseconds(150);

    private readonly HashSet<int> _runs = [];
    private long? _lastClaim;
    private volatile int _most = 1;
    private volatile bool _hasMore = true;

    /// <summary>Whether more are wanted, as far as it is known that there are some. Thread-safe.</summary>
    public bool IsLow => _hasMore && requests.Ready <= LowWater * _most;

    /// <summary>Notes that there are requests which nobody holds.</summary>
    public void NoteOpen() => _hasMore = true;

    /// <summary>Counts the runs that are to be claimed now.</summary>
    public int CountWanted()
    {
        var now = time.GetTimestamp();
        _most = _lastClaim is { } last && time.GetElapsedTime(last, now) < ShortTime
            ? Math.Min(2 * _most, MostRuns)
            : Math.Max(_most / 2, 1);
        _lastClaim = now;
        return _most;
    }

    /// <summary>Notes how many were claimed.</summary>
    /// <param name="wanted">Of how many.</param>
    /// <param name="claimed">How many there were.</param>
    public void NoteClaimed(int wanted, int claimed) => _hasMore = claimed >= wanted;

    /// <summary>Whether one is here already.</summary>
    public bool Has(RequestRun run) => _runs.Contains(run.FirstIndex);

    /// <summary>Adds one; false if it is here already.</summary>
    public bool TryAdd(RequestRun run) => _runs.Add(run.FirstIndex);
}
