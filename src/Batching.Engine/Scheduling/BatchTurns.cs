namespace Batching.Engine.Scheduling;

/// <summary>
/// The waiting work of one owner: taking goes round over its batches, and in the order of its items within each. All operations
/// take constant time. Not thread-safe.
/// </summary>
internal sealed class BatchTurns<T>
{
    private readonly Dictionary<long, Queue<T>> _batches = [];
    private readonly Queue<long> _turns = new();

    public bool IsEmpty => _turns.Count == 0;

    /// <summary>Adds an item behind the others of its batch.</summary>
    public void Enqueue(long batchKey, T item)
    {
        if (!_batches.TryGetValue(batchKey, out var items))
        {
            items = new Queue<T>();
            _batches.Add(batchKey, items);
            _turns.Enqueue(batchKey);
        }

        items.Enqueue(item);
    }

    /// <summary>Takes the next item. There must be one.</summary>
    public T Dequeue()
    {
        var batchKey = _turns.Dequeue();
        var items = _batches[batchKey];
        var item = items.Dequeue();
        if (items.Count == 0)
        {
            _batches.Remove(batchKey);
        }
        else
        {
            _turns.Enqueue(batchKey);
        }

        return item;
    }
}
