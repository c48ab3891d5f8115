namespace Batching.Server.Connections;

/// <summary>
/// The speed at which a reader takes what is ready for it. Only the time counts in which something waits for it: a stream that has
/// nothing to send slows nobody down. One writes, one looks.
/// </summary>
/// <param name="window">Over how much waiting the rate is measured.</param>
/// <param name="minRate">Bytes a second that it has to take on average; 0 for any.</param>
/// <param name="time">Tells the time.</param>
internal sealed class ReaderPace(TimeSpan window, int minRate, TimeProvider time)
{
    private long _waitingSince;
    private long _waited;
    private long _taken;

    // Where the window that is being looked at began.
    private long _waitedBefore;
    private long _takenBefore;

    /// <summary>Something waits from now on.</summary>
    public void BeginWait() => Volatile.Write(ref _waitingSince, time.GetTimestamp());

    /// <summary>It waits no more.</summary>
    public void EndWait()
    {
        var waited = time.GetElapsedTime(_waitingSince).Ticks;
        Volatile.Write(ref _waitingSince, 0);
        Interlocked.Add(ref _waited, waited);
    }

    /// <summary>The reader has taken bytes, or had nothing to wait for.</summary>
    public void Take(long bytes) => Interlocked.Add(ref _taken, bytes);

    /// <summary>Whether something has waited for so long and nothing was taken.</summary>
    public bool HasStalled(TimeSpan limit) =>
        Volatile.Read(ref _waitingSince) is not 0 and var since && time.GetElapsedTime(since) >= limit;

    /// <summary>Whether it has taken too little since the last window was full.</summary>
    public bool IsTooSlow()
    {
        var since = Volatile.Read(ref _waitingSince);
        var waited = Volatile.Read(ref _waited) + (since == 0 ? 0 : time.GetElapsedTime(since).Ticks) - _waitedBefore;
        if (minRate == 0 || waited < window.Ticks)
        {
            return false;
        }

        var taken = Volatile.Read(ref _taken) - _takenBefore;
        _waitedBefore += waited;
        _takenBefore += taken;
        return taken < minRate * TimeSpan.FromTicks(waited).TotalSeconds;
    }
}
