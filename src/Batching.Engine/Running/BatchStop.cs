using Batching.Engine.Model;

namespace Batching.Engine.Running;

/// <summary>Stops a batch, once, and says why. Thread-safe.</summary>
internal sealed class BatchStop : IDisposable
{
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(45);

    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenRegistration _abort;
    private Failure _reason;
    private ITimer? _end;
    private bool _isOver;

    /// <param name="abort">Signalled when the gateway gives up all work.</param>
    public BatchStop(CancellationToken abort) =>
        _abort = abort.UnsafeRegister(static stop => ((CancellationTokenSource)stop!).Cancel(), _stop);

    /// <summary>Signalled when requests in flight are to be aborted.</summary>
    public CancellationToken Token => _stop.Token;

    /// <summary>The reason why the batch was stopped; <see cref="Failure.None"/> if it wasn't, or if the whole gateway stops.</summary>
    public Failure Reason
    {
        get
        {
            lock (_lock)
            {
                return _reason;
            }
        }
    }

    /// <summary>
    /// Stops the batch: requests in flight are aborted, none is begun. True for the first call only. Those who are aborted go
    /// on elsewhere, so that this returns at once.
    /// </summary>
    public bool TryStop(Failure reason)
    {
        lock (_lock)
        {
            if (_reason != Failure.None)
            {
                return false;
            }

            _reason = reason;
        }

        _ = _stop.CancelAsync();
        return true;
    }

    /// <summary>Has something done when the time of the batch is over, unless nothing of it runs by then.</summary>
    public void At(DateTimeOffset end, TimeProvider time, Action stop)
    {
        var left = end - time.GetUtcNow();
        if (left > LongestTimer)
        {
            // Left to the sweep, which comes round every few seconds.
            return;
        }

        lock (_lock)
        {
            if (!_isOver)
            {
                _end = time.CreateTimer(
                    static stop => ((Action)stop!)(),
                    stop,
                    left > TimeSpan.Zero ? left : TimeSpan.Zero,
                    Timeout.InfiniteTimeSpan);
            }
        }
    }

    /// <summary>
    /// Nothing of the batch runs any more, and the end of the gateway needn't be told to it: every batch that ever was
    /// would leave something behind there. It can still be stopped.
    /// </summary>
    public void Dispose()
    {
        _abort.Unregister();
        lock (_lock)
        {
            _isOver = true;
            _end?.Dispose();
        }
    }
}
