namespace Batching.Engine.Spawning;

/// <summary>The progress of all requests of one batch that make others of lists. Thread-safe.</summary>
internal sealed class ForEachStates
{
    private readonly Dictionary<int, Task<ForEachState>> _states = [];
    private readonly Lock _lock = new();
    private Task<Dictionary<string, (int Count, int Last)>>? _before;

    /// <summary>The progress of a request, by its index. What could not be read is read again.</summary>
    public Task<ForEachState> GetAsync(int index, Func<Task<ForEachState>> load)
    {
        lock (_lock)
        {
            if (!_states.TryGetValue(index, out var state) || state.IsFaulted || state.IsCanceled)
            {
                _states[index] = state = load();
            }

            return state;
        }
    }

    /// <summary>
    /// The number of requests that each had made before the gateway took the batch up, by its id, and the index of the last of them.
    /// </summary>
    public Task<Dictionary<string, (int Count, int Last)>> GetBeforeAsync(Func<Task<Dictionary<string, (int Count, int Last)>>> load)
    {
        lock (_lock)
        {
            if (_before is null || _before.IsFaulted || _before.IsCanceled)
            {
                _before = load();
            }

            return _before;
        }
    }

    /// <summary>Forgets what a request has come to: it is over.</summary>
    public void Forget(int index)
    {
        lock (_lock)
        {
            _states.Remove(index);
        }
    }
}
