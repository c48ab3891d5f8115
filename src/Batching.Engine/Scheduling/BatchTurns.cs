using System.Runtime.InteropServices;
using Batching.Engine.Model;

namespace Batching.Engine.Scheduling;

/// <summary>
/// The waiting work of one owner: taking begins with the batches of the highest priority that have any, goes round over these, and in
/// the order of its items within each. All operations take constant time. Not thread-safe.
/// </summary>
internal sealed class BatchTurns<T>
{
    private readonly Dictionary<long, Queue<T>> _batches = [];

    // By priority. As a rule there is one.
    private readonly Queue<long>?[] _turns = new Queue<long>?[BatchRecord.MaxPriority + 1];

    public bool IsEmpty => _batches.Count == 0;

    /// <summary>Adds an item behind the others of its batch.</summary>
    /// <param name="batchKey">The batch.</param>
    /// <param name="priority">That of the batch, the same each time.</param>
    /// <param name="item">The item.</param>
    public void Enqueue(long batchKey, int priority, T item)
    {
        ref var items = ref CollectionsMarshal.GetValueRefOrAddDefault(_batches, batchKey, out var isThere);
        if (!isThere)
        {
            items = new Queue<T>();
            (_turns[priority] ??= new Queue<long>()).Enqueue(batchKey);
        }

        items!.Enqueue(item);
    }

    /// <summary>Takes the next item. There must be one.</summary>
    public T Dequeue()
    {
        var turns = Array.FindLast(_turns, turns => turns is { Count: > 0 })!;
        var batchKey = turns.Dequeue();
        var items = _batches[batchKey];
        var item = items.Dequeue();
        if (items.Count == 0)
        {
            _batches.Remove(batchKey);
        }
        else
        {
            turns.Enqueue(batchKey);
        }

        return item;
    }
}
