using System.Diagnostics.CodeAnalysis;

namespace Batching.Engine.Storage;

/// <summary>
/// Keeps what was read or written last, up to a number of bytes: runs of consecutive things of a batch, found by the
/// number of any thing in them. Thread-safe.
/// </summary>
/// <param name="capacity">Bytes, at least 1.</param>
internal sealed class RangeCache<T>(long capacity)
    where T : class
{
    private readonly Lock _lock = new();
    private readonly Dictionary<long, SortedList<int, LinkedListNode<Run>>> _batches = [];
    private readonly LinkedList<Run> _byUse = new();
    private long _used;

    /// <summary>Finds the run that holds a number.</summary>
    public bool TryGet(long batchKey, int number, [MaybeNullWhen(false)] out T value)
    {
        lock (_lock)
        {
            if (_batches.TryGetValue(batchKey, out var runs)
                && FindAtOrBefore(runs, number) is { } node
                && number < node.Value.First + node.Value.Count)
            {
                _byUse.Remove(node);
                _byUse.AddFirst(node);
                value = node.Value.Value;
                return true;
            }
        }

        value = null;
        return false;
    }

    /// <summary>Adds a run; one that is there already is left as it is.</summary>
    public void Add(long batchKey, int first, int count, long bytes, T value)
    {
        if (bytes > capacity)
        {
            return;
        }

        lock (_lock)
        {
            if (!_batches.TryGetValue(batchKey, out var runs))
            {
                _batches.Add(batchKey, runs = []);
            }

            if (runs.ContainsKey(first))
            {
                return;
            }

            runs.Add(first, _byUse.AddFirst(new Run(batchKey, first, count, bytes, value)));
            _used += bytes;
            while (_used > capacity)
            {
                Remove(_byUse.Last!);
            }
        }
    }

    /// <summary>Forgets a batch.</summary>
    public void Remove(long batchKey)
    {
        lock (_lock)
        {
            if (_batches.TryGetValue(batchKey, out var runs))
            {
                foreach (var node in runs.Values.ToArray())
                {
                    Remove(node);
                }
            }
        }
    }

    private static LinkedListNode<Run>? FindAtOrBefore(SortedList<int, LinkedListNode<Run>> runs, int number)
    {
        var (low, high) = (0, runs.Count - 1);
        LinkedListNode<Run>? found = null;
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (runs.GetKeyAtIndex(middle) <= number)
            {
                found = runs.GetValueAtIndex(middle);
                low = middle + 1;
            }
            else
            {
                high = middle - 1;
            }
        }

        return found;
    }

    private void Remove(LinkedListNode<Run> node)
    {
        _byUse.Remove(node);
        _used -= node.Value.Bytes;
        var runs = _batches[node.Value.BatchKey];
        runs.Remove(node.Value.First);
        if (runs.Count == 0)
        {
            _batches.Remove(node.Value.BatchKey);
        }
    }

    private sealed record Run(long BatchKey, int First, int Count, long Bytes, T Value);
}
