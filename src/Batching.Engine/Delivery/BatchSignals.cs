namespace Batching.Engine.Delivery;

/// <summary>Tells readers that something of a batch has changed. Thread-safe.</summary>
internal sealed class BatchSignals
{
    private readonly Lock _lock = new();
    private readonly Dictionary<long, TaskCompletionSource> _waiting = [];

    /// <summary>
    /// Completes at the next change. Take it before looking at the store, so that no change falls between the look and
    /// the wait.
    /// </summary>
    public Task NextChange(long batchKey)
    {
        lock (_lock)
        {
            if (!_waiting.TryGetValue(batchKey, out var source))
            {
                source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                _waiting.Add(batchKey, source);
            }

            return source.Task;
        }
    }

    /// <summary>Wakes everybody who waits for a change of the batch.</summary>
    public void Changed(long batchKey)
    {
        TaskCompletionSource? source;
        lock (_lock)
        {
            _waiting.Remove(batchKey, out source);
        }

        source?.SetResult();
    }
}
