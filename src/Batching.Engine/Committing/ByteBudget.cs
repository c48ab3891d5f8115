namespace Batching.Engine.Committing;

/// <summary>
/// Bounds how many bytes of one kind are in memory. Whoever wants to hold some asks first, and waits in line until
/// there is room. Something larger than the whole budget is let in when nothing else is. Thread-safe.
/// </summary>
/// <param name="capacity">Bytes, at least 1.</param>
internal sealed class ByteBudget(long capacity)
{
    private readonly Lock _lock = new();
    private readonly Queue<(long Bytes, TaskCompletionSource Granted)> _waiting = new();
    private long _used;

    /// <summary>Takes bytes from the budget, as soon as there are enough.</summary>
    public Task AcquireAsync(long bytes)
    {
        lock (_lock)
        {
            if (_waiting.Count == 0 && Fits(bytes))
            {
                _used += bytes;
                return Task.CompletedTask;
            }

            var granted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Enqueue((bytes, granted));
            return granted.Task;
        }
    }

    /// <summary>Gives bytes back.</summary>
    public void Release(long bytes)
    {
        lock (_lock)
        {
            _used -= bytes;
            while (_waiting.TryPeek(out var next) && Fits(next.Bytes))
            {
                _used += next.Bytes;
                _waiting.Dequeue().Granted.SetResult();
            }
        }
    }

    private bool Fits(long bytes) => _used == 0 || _used + bytes <= capacity;
}
