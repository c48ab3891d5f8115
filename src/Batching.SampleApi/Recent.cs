using System.Diagnostics.CodeAnalysis;

namespace Batching.SampleApi;

/// <summary>A dictionary for calls side by side that forgets its oldest entries beyond its capacity.</summary>
internal sealed class Recent<TKey, TValue>(int capacity)
    where TKey : notnull
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TKey, TValue> _values = [];
    private readonly Queue<TKey> _keys = new();

    [return: MaybeNull]
    public TValue Find(TKey key)
    {
        lock (_lock)
        {
            return _values.GetValueOrDefault(key);
        }
    }

    /// <summary>Sets an entry to what becomes of its value, or of the default if there is none.</summary>
    public TValue Update(TKey key, Func<TValue?, TValue> change)
    {
        lock (_lock)
        {
            var known = _values.TryGetValue(key, out var value);
            if (!known)
            {
                _keys.Enqueue(key);
                if (_keys.Count > capacity)
                {
                    _values.Remove(_keys.Dequeue());
                }
            }

            return _values[key] = change(value);
        }
    }
}
