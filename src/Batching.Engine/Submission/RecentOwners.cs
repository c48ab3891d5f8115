namespace Batching.Engine.Submission;

/// <summary>The last two owners who did something, to tell whether one does it alone. Thread-safe.</summary>
/// <param name="time">Tells how long ago that was.</param>
internal sealed class RecentOwners(TimeProvider time)
{
    // Whoever did nothing for so long is not there.
    private static readonly TimeSpan Memory = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private (string? Owner, long At) _latest;
    private (string? Owner, long At) _before;

    /// <summary>An owner does something.</summary>
    public void Note(string owner)
    {
        lock (_lock)
        {
            if (_latest.Owner != owner)
            {
                _before = _latest;
            }

            _latest = (owner, time.GetTimestamp());
        }
    }

    /// <summary>Whether another owner did something lately.</summary>
    public bool HasOther(string owner)
    {
        lock (_lock)
        {
            return IsOther(_latest, owner) || IsOther(_before, owner);
        }
    }

    private bool IsOther((string? Owner, long At) entry, string owner) =>
        entry.Owner is not null && entry.Owner != owner && time.GetElapsedTime(entry.At) < Memory;
}
