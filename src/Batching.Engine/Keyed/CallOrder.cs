using Batching.V1;

namespace Batching.Engine.Keyed;

/// <summary>
/// The order in which the calls of a keyed batch begin: as they were given, so many at a time, but none before those that it
/// waits for have come to the end that it wants. Not thread-safe.
/// </summary>
internal sealed class CallOrder
{
    // Stands for "never" among the numbers of calls that are waited for.
    private const int Failed = -1;

    private readonly int _parallelism;
    private readonly bool[] _taken;
    private readonly bool[] _ended;
    private readonly IReadOnlyDictionary<int, RunWhen>? _rules;

    // None of these if nothing waits, as in most batches.
    private readonly int[]? _waits;
    private readonly Dictionary<int, List<int>>? _dependents;
    private readonly HashSet<int> _hasFailed = [];
    private readonly Dictionary<int, int> _causes = [];
    private readonly Queue<int> _freed = new();
    private int _next;
    private int _active;

    /// <param name="count">How many calls there are.</param>
    /// <param name="parallelism">Calls that are taken and have no response yet, at most.</param>
    /// <param name="dependsOn">The calls that each waits for, which lead round in no circle.</param>
    /// <param name="rules">
    /// When each runs, if not after success, where calls may wait for any others; null if they wait for the success of calls before
    /// them.
    /// </param>
    public CallOrder(
        int count,
        int parallelism,
        IReadOnlyDictionary<int, IReadOnlyList<int>> dependsOn,
        IReadOnlyDictionary<int, RunWhen>? rules = null)
    {
        _parallelism = parallelism;
        _taken = new bool[count];
        _ended = new bool[count];
        _rules = rules;
        if (dependsOn.Count == 0)
        {
            return;
        }

        _waits = new int[count];
        _dependents = [];
        foreach (var (index, needed) in dependsOn)
        {
            foreach (var other in needed.Distinct())
            {
                if (other < 0 || other >= (rules is null ? index : count) || other == index)
                {
                    throw new ArgumentException($"Call {index} can't depend on {other}.", nameof(dependsOn));
                }

                _waits[index]++;
                if (!_dependents.TryGetValue(other, out var dependents))
                {
                    _dependents[other] = dependents = [];
                }

                dependents.Add(index);
            }
        }
    }

    /// <summary>The lowest status that counts as a failure.</summary>
    public int FailsFrom { get; init; } = 300;

    /// <summary>The call that keeps another one from being made.</summary>
    public int CauseOf(int index) => _causes[index];

    /// <summary>The rule of a call that waits for others: how they have to end.</summary>
    public RunWhen RuleOf(int index) => _rules?.GetValueOrDefault(index) is { } rule and not RunWhen.Unspecified ? rule : RunWhen.Succeeded;

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
    /// <param name="succeeded">Whether it has succeeded.</param>
    /// <returns>Those that never begin because of it, with those that wait for them in turn: they have ended, too.</returns>
    public IReadOnlyList<int> End(int index, bool succeeded)
    {
        if (_taken[index])
        {
            _taken[index] = false;
            _active--;
        }

        if (_dependents is null)
        {
            return [];
        }

        List<int>? failed = null;
        var ends = new Queue<(int Index, bool Succeeded)>([(index, succeeded)]);
        while (ends.TryDequeue(out var end))
        {
            if (_ended[end.Index])
            {
                continue;
            }

            _ended[end.Index] = true;
            foreach (var dependent in _dependents.GetValueOrDefault(end.Index, []))
            {
                if (Settle(dependent, end.Index, end.Succeeded))
                {
                    (failed ??= []).Add(dependent);
                    ends.Enqueue((dependent, false));
                }
            }
        }

        return failed ?? [];
    }

    // True if the dependent never begins.
    private bool Settle(int dependent, int cause, bool succeeded)
    {
        if (_waits![dependent] == Failed || _ended[dependent])
        {
            return false;
        }

        var isLast = --_waits[dependent] == 0;
        if (!succeeded)
        {
            _hasFailed.Add(dependent);
        }

        var never = RuleOf(dependent) switch
        {
            RunWhen.Succeeded => !succeeded,
            RunWhen.Failed => isLast && !_hasFailed.Contains(dependent),
            _ => false,
        };
        if (never)
        {
            _waits[dependent] = Failed;
            _causes[dependent] = cause;
        }
        else if (isLast && dependent < _next)
        {
            _freed.Enqueue(dependent);
        }

        return never;
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
}
