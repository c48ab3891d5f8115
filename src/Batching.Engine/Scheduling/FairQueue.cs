using System.Diagnostics.CodeAnalysis;

namespace Batching.Engine.Scheduling;

/// <summary>
/// A queue that is fair: taking goes round over the owners, and for each owner round over its batches, so nobody
/// waits longer because somebody else has more. All operations take constant time. Thread-safe.
/// </summary>
internal sealed class FairQueue<T>
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, OwnerTurns> _owners = new(StringComparer.Ordinal);
    private readonly Queue<OwnerTurns> _turns = new();
    private readonly Queue<Waiter> _waiting = new();
    private int _count;

    /// <summary>How many items there are that nobody has waited for.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Adds an item behind the others of its batch.</summary>
    public void Enqueue(string owner, long batchKey, T item)
    {
        lock (_lock)
        {
            if (!_owners.TryGetValue(owner, out var turns))
            {
                turns = new OwnerTurns(owner);
                _owners.Add(owner, turns);
                _turns.Enqueue(turns);
            }

            turns.Enqueue(batchKey, item);
            while (_waiting.TryDequeue(out var waiter))
            {
                if (waiter.TrySetResult())
                {
                    return;
                }
            }

            _count++;
        }
    }

    /// <summary>Takes the next item, or waits for one.</summary>
    public async ValueTask<T> DequeueAsync(CancellationToken cancellationToken)
    {
        await WaitAsync(cancellationToken);
        return Take();
    }

    /// <summary>Waits until there is an item for the caller, who must <see cref="Take"/> it.</summary>
    /// <exception cref="OperationCanceledException">There is none for it.</exception>
    public ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Waiter waiter;
        lock (_lock)
        {
            if (_count > 0)
            {
                _count--;
                return ValueTask.CompletedTask;
            }

            _waiting.Enqueue(waiter = new Waiter());
        }

        return new ValueTask(waiter.WaitAsync(cancellationToken));
    }

    /// <summary>Takes the next item if there is one.</summary>
    public bool TryDequeue([MaybeNullWhen(false)] out T item)
    {
        lock (_lock)
        {
            if (_count == 0)
            {
                item = default;
                return false;
            }

            _count--;
            item = Take();
            return true;
        }
    }

    /// <summary>Takes the next item, after <see cref="WaitAsync"/>.</summary>
    public T Take()
    {
        lock (_lock)
        {
            var turns = _turns.Dequeue();
            var item = turns.Dequeue();
            if (turns.IsEmpty)
            {
                _owners.Remove(turns.Owner);
            }
            else
            {
                _turns.Enqueue(turns);
            }

            return item;
        }
    }

    private sealed class OwnerTurns(string owner)
    {
        private readonly Dictionary<long, Queue<T>> _batches = [];
        private readonly Queue<long> _turns = new();

        public string Owner => owner;

        public bool IsEmpty => _turns.Count == 0;

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
}
