using System.Diagnostics.CodeAnalysis;
using Batching.Engine.Model;
using Batching.Engine.Quotas;

namespace Batching.Engine.Scheduling;

/// <summary>
/// The order in which batches load their next requests, which is fair: taking goes round over the owners, and for each owner round over its batches (of the highest priority), so nobody
/// waits longer because somebody else has more. All operations take constant time. Thread-safe.
/// </summary>
internal sealed class LoadTurns<T>
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, BatchTurns<T>> _owners = new(StringComparer.Ordinal);
    private readonly Queue<(string Owner, BatchTurns<T> Turns)> _turns = new();
    private readonly Queue<QueueTicket> _waiting = new();
    private int _count;

    /// <summary>The number of items that nobody has waited for.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Adds an item behind the others of its batch.</summary>
    public void Enqueue(string owner, long batchKey, T item, int priority = BatchRecord.DefaultPriority)
    {
        lock (_lock)
        {
            if (!_owners.TryGetValue(owner, out var turns))
            {
                turns = new BatchTurns<T>();
                _owners.Add(owner, turns);
                _turns.Enqueue((owner, turns));
            }

            turns.Enqueue(batchKey, priority, item);
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

    // Until there is an item for the caller.
    private ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        QueueTicket waiter;
        lock (_lock)
        {
            if (_count > 0)
            {
                _count--;
                return ValueTask.CompletedTask;
            }

            _waiting.Enqueue(waiter = new QueueTicket());
        }

        return new ValueTask(waiter.WaitAsync(cancellationToken));
    }

    private T Take()
    {
        lock (_lock)
        {
            var (owner, turns) = _turns.Dequeue();
            var item = turns.Dequeue();
            if (turns.IsEmpty)
            {
                _owners.Remove(owner);
            }
            else
            {
                _turns.Enqueue((owner, turns));
            }

            return item;
        }
    }
}
