using Batching.Engine.Quotas;
using Batching.V1;

namespace Batching.Engine.Dependencies;

/// <summary>
/// The requests of a running batch that wait for others: numbers alone, which are charged to the owner. It is told of each result
/// once it is committed, and queues what can run now, or never will. Thread-safe.
/// </summary>
/// <remarks>Longer than other files: all that stands under its one lock stands together.</remarks>
internal sealed class DependencyGraph : IDisposable
{
    private const int BytesPerRequest = 13;
    private const int BytesPerEdge = sizeof(int);
    private const int FixedBytes = 512;

    private const byte RuleMask = 3;
    private const byte IsDependentFlag = 1 << 2;
    private const byte HasFailedFlag = 1 << 3;
    private const byte IsSettledFlag = 1 << 4;
    private const byte IsDoomedFlag = 1 << 5;

    private readonly Lock _lock = new();
    private readonly int[] _first;
    private readonly int[] _dependents;
    private readonly byte[] _flags;
    private readonly ByteLease? _lease;
    private readonly SpawnerQueries _queries;
    private readonly RequestKeys? _keys;

    // Of the results that requests may refer to.
    private readonly int[]? _positions;

    // Of those that make requests of the elements of a list: the request that has it.
    private readonly Dictionary<int, int> _lists;

    // For how many others a request still waits. Once it waits no more: the next one in the queue, -1 at the end.
    private readonly int[] _open;

    // Which request keeps another from running; there are none as a rule.
    private int[]? _causes;
    private int _head = -1;
    private int _tail = -1;
    private bool _isRunning;
    private bool _isOver;

    /// <param name="first">For each request where those begin that depend on it, and the end of the last.</param>
    /// <param name="dependents">Those that depend on each.</param>
    /// <param name="open">For how many others each waits.</param>
    /// <param name="rules">When each of them runs; the default for those that wait for none.</param>
    /// <param name="spawners">The spawners that others may depend on.</param>
    /// <param name="lease">Its memory; null if nobody counts.</param>
    /// <param name="keys">The keys of the requests, if they have references to each other; null if none has.</param>
    /// <param name="lists">The lists of those that make requests of their elements; null if none does.</param>
    public DependencyGraph(
        int[] first,
        int[] dependents,
        int[] open,
        ReadOnlySpan<RunWhen> rules,
        IEnumerable<int> spawners,
        ByteLease? lease,
        RequestKeys? keys = null,
        Dictionary<int, int>? lists = null)
    {
        _first = first;
        _dependents = dependents;
        _open = open;
        _lease = lease;
        _keys = keys;
        _lists = lists ?? [];
        _positions = keys is null ? null : new int[open.Length];
        _flags = new byte[open.Length];
        for (var i = 0; i < open.Length; i++)
        {
            _flags[i] = (byte)((int)rules[i] | (open[i] > 0 ? IsDependentFlag : 0));
        }

        _queries = new SpawnerQueries(spawners.Where(HasDependents), lease);
    }

    /// <summary>The number of requests that were submitted.</summary>
    public int Count => _flags.Length;

    /// <summary>Whether others wait for spawners.</summary>
    public bool HasQueries => _queries.Any;

    /// <summary>Whether requests can be taken.</summary>
    public bool HasSettled
    {
        get
        {
            lock (_lock)
            {
                return _isRunning && _head >= 0;
            }
        }
    }

    /// <summary>Bytes that a graph takes.</summary>
    /// <param name="requests">Requests of the batch.</param>
    /// <param name="edges">How often one of them names another.</param>
    /// <param name="keys">Their keys, if they have references to each other; null if none has.</param>
    public static long BytesOf(int requests, int edges, RequestKeys? keys = null) =>
        FixedBytes + ((long)BytesPerRequest * requests) + ((long)BytesPerEdge * edges)
        + (keys is null ? 0 : keys.Bytes + (sizeof(int) * (long)requests));

    /// <summary>Finds the result of a request that others refer to.</summary>
    /// <param name="key">The key of the request.</param>
    /// <param name="index">The request; -1 if none has the key.</param>
    /// <returns>The position of its result; 0 if it has none.</returns>
    public int FindPosition(string key, out int index)
    {
        lock (_lock)
        {
            // Its table doesn't change any more, but it is not made for two readers.
            index = _keys?.Find(key) ?? -1;
            return index < 0 ? 0 : _positions![index];
        }
    }

    /// <summary>Whether a request depends on others, done or not.</summary>
    public bool IsDependent(int index) => index < _flags.Length && (_flags[index] & IsDependentFlag) != 0;

    /// <summary>Whether others depend on a request.</summary>
    public bool HasDependents(int index) => index >= 0 && index < _flags.Length && _first[index] < _first[index + 1];

    /// <summary>Whether the results of a request are its pages, or the requests that it has made of a list.</summary>
    public bool HasPages(int index)
    {
        lock (_lock)
        {
            return _queries.Contains(index);
        }
    }

    /// <summary>Whether all results of a list are there.</summary>
    /// <param name="index">The request that has it.</param>
    /// <param name="failed">Whether it has failed, or any of its pages.</param>
    /// <returns>True for what has no pages: it is done before the list is wanted.</returns>
    public bool IsListOver(int index, out bool failed)
    {
        lock (_lock)
        {
            failed = false;
            return !_queries.Contains(index) || _queries.IsOver(index, out failed);
        }
    }

    /// <summary>Whether requests may be taken: not before <see cref="Run"/>.</summary>
    public bool IsRunning
    {
        get
        {
            lock (_lock)
            {
                return _isRunning;
            }
        }
    }

    /// <summary>Lets requests be taken.</summary>
    public void Run()
    {
        lock (_lock)
        {
            _isRunning = true;
        }
    }

    /// <summary>A page is stored, which is a part of the query of its spawner.</summary>
    public void AddPage(int index, int spawner)
    {
        lock (_lock)
        {
            if (!_isOver)
            {
                _queries.Add(index, spawner);
            }
        }
    }

    /// <summary>A result is committed.</summary>
    /// <param name="index">Whose it is.</param>
    /// <param name="failed">Whether it is a failure.</param>
    /// <param name="position">Its position.</param>
    public void Complete(int index, bool failed, int position = 0)
    {
        lock (_lock)
        {
            if (_positions is not null && index < _positions.Length)
            {
                _positions[index] = position;
            }

            if (_isOver)
            {
                return;
            }

            // Elements are taken from pages as they come. Those that wait for the whole query are told when that is over.
            if (_lists.Count > 0 && _queries.Contains(index))
            {
                Tell(index, failed, early: true);
            }

            if (!_queries.Any || _queries.TryEnd(ref index, ref failed))
            {
                Tell(index, failed, early: false);
            }
        }
    }

    /// <summary>Finds the next request that waits no more.</summary>
    /// <param name="index">The request.</param>
    /// <param name="cause">The request that keeps it from running; -1 if it can run.</param>
    public bool TryPeek(out int index, out int cause)
    {
        lock (_lock)
        {
            index = _isRunning ? _head : -1;
            cause = index >= 0 && (_flags[index] & IsDoomedFlag) != 0 ? _causes![index] : -1;
            return index >= 0;
        }
    }

    /// <summary>Takes the request that was found.</summary>
    public void Take()
    {
        lock (_lock)
        {
            _head = _open[_head];
        }
    }

    /// <summary>Takes all requests: the batch is gone.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _head = -1;
            _isRunning = false;
        }
    }

    /// <summary>Gives its memory back: it is told of results in vain from now on.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _isOver = true;
            _isRunning = false;
        }

        _lease?.Dispose();
    }

    private void Tell(int index, bool failed, bool early)
    {
        if (!HasDependents(index))
        {
            return;
        }

        var before = _head < 0 ? -1 : _tail;
        foreach (var dependent in DependentsOf(index))
        {
            if ((_flags[dependent] & IsSettledFlag) != 0 || IsToldEarly(dependent, index) != early)
            {
                continue;
            }

            if (failed)
            {
                _flags[dependent] |= HasFailedFlag;
            }

            var rule = RuleOf(dependent);
            var isLast = --_open[dependent] == 0;
            if (failed && rule == RunWhen.Succeeded)
            {
                Doom(dependent, index);
            }
            else if (isLast && rule == RunWhen.Failed && (_flags[dependent] & HasFailedFlag) == 0)
            {
                Doom(dependent, index);
            }
            else if (isLast)
            {
                Settle(dependent);
            }
        }

        // What waits for the success of one that won't run won't either, and needn't wait until that is stored.
        for (var doomed = before < 0 ? _head : _open[before]; doomed >= 0; doomed = _open[doomed])
        {
            if ((_flags[doomed] & IsDoomedFlag) == 0)
            {
                continue;
            }

            foreach (var dependent in DependentsOf(doomed))
            {
                if (RuleOf(dependent) == RunWhen.Succeeded && (_flags[dependent] & IsSettledFlag) == 0)
                {
                    Doom(dependent, doomed);
                }
            }
        }
    }

    private bool IsToldEarly(int dependent, int index) =>
        _lists.Count > 0 && _lists.TryGetValue(dependent, out var list) && list == index && _queries.Contains(index);

    private ReadOnlySpan<int> DependentsOf(int index) => _dependents.AsSpan(_first[index].._first[index + 1]);

    private RunWhen RuleOf(int index) => (RunWhen)(_flags[index] & RuleMask);

    private void Doom(int index, int cause)
    {
        _flags[index] |= IsDoomedFlag;
        (_causes ??= new int[_flags.Length])[index] = cause;
        Settle(index);
    }

    private void Settle(int index)
    {
        _flags[index] |= IsSettledFlag;
        _open[index] = -1;
        if (_head < 0)
        {
            _head = index;
        }
        else
        {
            _open[_tail] = index;
        }

        _tail = index;
    }
}
