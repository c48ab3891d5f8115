namespace Batching.Engine.Submission;

/// <summary>
/// Cancels waiting for a client that takes too long. When the time is over the reader gets another moment: after a pause of
/// the whole process, or of its machine, the clock would else win against what has long arrived. Thread-safe.
/// </summary>
internal sealed class Patience : IDisposable
{
    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(1);

    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _over = new();
    private readonly ITimer _timer;
    private readonly Lock _lock = new();
    private long _began;
    private TimeSpan? _most;
    private bool _isLast;

    public Patience(TimeProvider time)
    {
        _time = time;
        _timer = time.CreateTimer(
            static patience => ((Patience)patience!).Lose(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Cancelled when it is lost.</summary>
    public CancellationToken Token => _over.Token;

    /// <summary>Begins to wait.</summary>
    public void Begin(TimeSpan most)
    {
        lock (_lock)
        {
            _began = _time.GetTimestamp();
            _most = most;
            _isLast = false;
        }

        _timer.Change(most, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Ends the wait: what was waited for is there.</summary>
    public void End()
    {
        lock (_lock)
        {
            _most = null;
        }
    }

    public void Dispose()
    {
        End();
        _timer.Dispose();
        _over.Dispose();
    }

    private void Lose()
    {
        lock (_lock)
        {
            if (_most is not { } most)
            {
                return;
            }

            // Perhaps the timer of what was waited for before.
            var left = (_isLast ? most + Moment : most) - _time.GetElapsedTime(_began);
            if (left > TimeSpan.Zero || !_isLast)
            {
                _isLast |= left <= TimeSpan.Zero;
                _timer.Change(left > TimeSpan.Zero ? left : Moment, Timeout.InfiniteTimeSpan);
                return;
            }

            _most = null;
            _ = _over.CancelAsync();
        }
    }
}
