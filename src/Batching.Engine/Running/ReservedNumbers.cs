using Batching.Engine.Model;
using Batching.Engine.Storage;

namespace Batching.Engine.Running;

/// <summary>
/// The numbers that are reserved for the requests of a batch that runs, those that are not stored yet included. Thread-safe.
/// </summary>
internal sealed class ReservedNumbers
{
    private readonly Lock _lock = new();
    private readonly int _before;
    private (int Capacity, NumberRuns Runs) _current;
    private int _promised;
    private SemaphoreSlim? _reserving;

    /// <param name="batch">The batch as it is stored.</param>
    public ReservedNumbers(BatchRecord batch)
    {
        _current = (batch.Capacity, batch.Runs);
        _promised = _before = batch.Total;
    }

    /// <summary>The numbers so far, to be stored with the next requests that are spawned.</summary>
    public (int Capacity, NumberRuns Runs) Current
    {
        get
        {
            lock (_lock)
            {
                return _current;
            }
        }
    }

    /// <summary>
    /// Sees to it that there are numbers for more requests. Reserves as many as were added before, if that is more: there
    /// are few runs, and twice as many numbers as are used at most.
    /// </summary>
    /// <param name="count">How many requests are about to be added.</param>
    /// <param name="ids">Reserves numbers.</param>
    /// <returns>How many there are now.</returns>
    public async ValueTask<int> AddAsync(int count, BatchIds ids)
    {
        SemaphoreSlim reserving;
        lock (_lock)
        {
            _promised += count;
            if (_promised <= _current.Capacity)
            {
                return _current.Capacity;
            }

            reserving = _reserving ??= new SemaphoreSlim(1, 1);
        }

        // One at a time: those that spawn at the same moment would reserve as much each.
        await reserving.WaitAsync();
        try
        {
            int missing;
            lock (_lock)
            {
                if (_promised <= _current.Capacity)
                {
                    return _current.Capacity;
                }

                missing = Math.Max(_promised - _current.Capacity, _promised - _before);
            }

            var first = await ids.ReserveAsync(missing, CancellationToken.None);
            lock (_lock)
            {
                _current = (_current.Capacity + missing, _current.Runs.With(first, missing));
                return _current.Capacity;
            }
        }
        catch
        {
            lock (_lock)
            {
                _promised -= count;
            }

            throw;
        }
        finally
        {
            reserving.Release();
        }
    }
}
