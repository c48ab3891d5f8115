namespace Batching.Engine.Keyed;

/// <summary>
/// The order in which the calls of a keyed batch begin: as they were given, so many at a time, but none before those that it
/// waits for have succeeded. Not thread-safe.
/// </summary>
internal sealed class CallOrder
{
    // Stands for "never" among the numbers of calls that are waited for.
    private const int Failed = -1;

    private readonly int _parallelism;
    private readonly bool[] _taken;

    // None of these if nothing waits, as in most batches.
    private readonly int[]? _waits;
    private readonly Dictionary<int, List<int>>? _dependents;
    private readonly Queue<int> _freed = new();
    private int _next;
    private int _active;

    /// <param name="count">How many calls there are.</param>
    /// <param name="parallelism">Calls that are taken and have no response yet, at most.</param>
    /// <param name="dependsOn">As <see cref="CallPlan.DependsOn"/> has it.</param>
    public CallOrder(int count, int parallelism, IReadOnlyDictionary<int, IReadOnlyList<int>> dependsOn)
    {
        _parallelism = parallelism;
        _taken = new bool[count];
        if (dependsOn.Count == 0)
        {
            return;
        }

        _waits = new int[count];
        _dependents = [];
        foreach (var (index, needed) in dependsOn)
        {
            foreach (var before in needed.Distinct())
            {
                if (before < 0 || before >= index)
                {
                    throw new ArgumentException($"Call {index} depends on {before}, which is not before it.", nameof(dependsOn));
                }

                _waits[index]++;
                if (!_dependents.TryGetValue(before, out var dependents))
                {
                    _dependents[before] = dependents = [];
                }

                dependents.Add(index);
            }
        }
    }

    /// <summary>Takes the next call that may begin; false if there is none now.</summary>
    public bool TryTake(out int index)
    {
        index = 0;
        if (_active >= _parallelism || !TryFind(out index))
        {
            return false;
        }

        _active++;
        return _taken[index] = true;
    }

    /// <summary>Notes that a call has its response.</summary>
    /// <param name="index">The call.</param>
    /// <param name="succeeded">Whether those that wait for it may begin.</param>
    /// <returns>Those that never begin because of it, with those that wait for them in turn.</returns>
    public IReadOnlyList<int> End(int index, bool succeeded)
    {
        if (_taken[index])
        {
            _taken[index] = false;
            _active--;
        }

        if (_dependents is null || !_dependents.TryGetValue(index, out var dependents))
        {
            return [];
        }

        if (!succeeded)
        {
            return FailAll(dependents);
        }

        foreach (var dependent in dependents)
        {
            if (_waits![dependent] > 0 && --_waits[dependent] == 0 && dependent < _next)
            {
                _freed.Enqueue(dependent);
            }
        }

        return [];
    }

    private bool TryFind(out int index)
    {
        if (_freed.TryDequeue(out index))
        {
            return true;
        }

        while (_next < _taken.Length)
        {
            index = _next++;
            if (_waits is null || _waits[index] == 0)
            {
                return true;
            }
        }

        return false;
    }

    private List<int> FailAll(List<int> dependents)
    {
        var failed = new List<int>();
        var waiting = new Queue<List<int>>([dependents]);
        while (waiting.TryDequeue(out var next))
        {
            foreach (var dependent in next)
            {
                if (_waits![dependent] == Failed)
                {
                    continue;
                }

                _waits[dependent] = Failed;
                failed.Add(dependent);
                if (_dependents!.TryGetValue(dependent, out var further))
                {
                    waiting.Enqueue(further);
                }
            }
        }

        return failed;
    }
}
