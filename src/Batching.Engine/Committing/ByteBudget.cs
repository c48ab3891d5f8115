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

    /// <summary>Whether nothing more fits.</summary>
    public bool IsUsedUp => Volatile.Read(ref _used) >= capacity;

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

    /// <summary>Takes bytes that are in memory already, whether there is room for them or not.</summary>
    public void AcquireAnyway(long bytes)
    {
        lock (_lock)
        {
            _used += bytes;
        }
    }

    /// <summary>Lets everybody in who is waiting, whether there is room or not.</summary>
    public void GrantAll()
    {
        lock (_lock)
        {
            while (_waiting.TryDequeue(out var next))
            {
                _used += next.Bytes;
                next.Granted.SetResult();
            }
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
