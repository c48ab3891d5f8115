using System.Globalization;
using Batching.Engine.Content;
using Batching.Engine.Model;
using Batching.Engine.Quotas;
using Batching.V1;

namespace Batching.Engine.Dependencies;

/// <summary>
/// Gathers the keys of the requests of a batch, and which of them depend on which others, in whatever order they come: a request may
/// name a key that comes later. Costs nothing where there is none of it. Not thread-safe.
/// </summary>
/// <param name="fieldOf">Names a request in a problem; null for <c>requests[3]</c>.</param>
internal sealed class DependencyBuilder(Func<int, string>? fieldOf = null)
{
    private const int IntsPerRow = 4;
    private const int BytesPerSpawner = 2 * sizeof(int);
    // In a list here, and in a table later.
    private const int BytesPerList = 64;

    // While it is looked for circles: when each runs, for how many it waits, and the order.
    private const int BytesPerSearched = 3 * sizeof(int);

    // Of each request that names others: its index, when it runs, where its names end, and how many the caller has given.
    private readonly PagedInts _rows = new();
    private readonly PagedInts _names = new();
    private readonly List<int> _spawners = [];

    // Of those that make requests of the elements of a list: their index, and the name of the request that has it.
    private readonly List<(int Index, int Name)> _lists = [];
    private bool _hasReferences;

    /// <summary>The keys.</summary>
    public RequestKeys Keys { get; } = new();

    /// <summary>The number of times that a request names another.</summary>
    public int Edges => _names.Count;

    /// <summary>Bytes that all of it takes at most.</summary>
    public long Bytes => Keys.Bytes + (sizeof(int) * (long)(_rows.Count + _names.Count)) + ((long)BytesPerSpawner * _spawners.Count)
        + ListBytes;

    private int Rows => _rows.Count / IntsPerRow;

    private long ListBytes => (long)BytesPerList * _lists.Count;

    private RequestKeys? KeysOfReferences => _hasReferences ? Keys : null;

    /// <summary>Bytes that the next requests may take at most.</summary>
    /// <param name="requests">The requests.</param>
    /// <param name="references">Says how many references a request may have at most.</param>
    public static long MostBytesOf(IReadOnlyList<Request> requests, Func<Request, int> references)
    {
        long bytes = 0;
        foreach (var request in requests)
        {
            if (request.Key.Length > 0)
            {
                bytes += RequestKeys.BytesPerKey + BytesPerSpawner;
            }

            if (request.ForEach is not null)
            {
                bytes += RequestKeys.BytesPerKey + BytesPerList;
            }

            if (request.DependsOn.Count + references(request) is var names and > 0)
            {
                bytes += (IntsPerRow * sizeof(int)) + (names * (long)(RequestKeys.BytesPerKey + sizeof(int)));
            }
        }

        return bytes;
    }

    /// <summary>Adds a request, behind those that were added before. Its key was added to <see cref="Keys"/>.</summary>
    /// <param name="index">Its index.</param>
    /// <param name="request">The request; it depends on what it refers to.</param>
    /// <param name="given">
    /// How many of its dependencies the caller has named; the others follow from its references. Null for all.
    /// </param>
    public void Add(int index, Request request, int? given = null)
    {
        _hasReferences |= request.References || request.ForEach is not null;
        if ((request.Spawner || request.ForEach is not null) && request.Key.Length > 0)
        {
            _spawners.Add(index);
        }

        if (request.ForEach is { } list && Reference.Parse(list.Ref, out _) is { } reference)
        {
            _lists.Add((index, Keys.Name(reference.Key)));
        }

        if (request.DependsOn.Count == 0)
        {
            return;
        }

        foreach (var name in request.DependsOn)
        {
            _names.Add(Keys.Name(name));
        }

        _rows.Add(index);
        _rows.Add((int)(request.RunWhen == RunWhen.Unspecified ? RunWhen.Succeeded : request.RunWhen));
        _rows.Add(_names.Count);
        _rows.Add(given ?? request.DependsOn.Count);
    }

    /// <summary>Adds what is wrong with the names once all requests are there.</summary>
    /// <param name="problems">Gets the problems.</param>
    /// <param name="max">How many there may be in the end.</param>
    /// <returns>How many were found.</returns>
    public int FindUnknown(List<Problem> problems, int max)
    {
        var found = 0;
        for (var row = 0; row < Rows; row++)
        {
            for (var at = StartOf(row); at < EndOf(row); at++)
            {
                var target = Keys.IndexOf(_names[at]);
                if (target < 0 || target == IndexOf(row))
                {
                    found++;
                    if (problems.Count < max)
                    {
                        var field = FieldOf(IndexOf(row));
                        problems.Add(at - StartOf(row) < _rows[(row * IntsPerRow) + 3]
                            ? new Problem(
                                string.Create(CultureInfo.InvariantCulture, $"{field}.depends_on[{at - StartOf(row)}]"),
                                target < 0 ? "is not the key of a request of this batch" : "is the key of the request itself")
                            : new Problem(
                                $"{field}.references",
                                target < 0 ? "are to a key that no request of this batch has" : "are to the request itself"));
                    }
                }
            }
        }

        return found;
    }

    /// <summary>Makes the graph of a batch that is submitted, of which all names are known.</summary>
    /// <param name="count">Requests of the batch.</param>
    /// <param name="owner">Whose memory it takes.</param>
    /// <param name="budgets">The memory.</param>
    /// <param name="nameOf">Names a request in a message.</param>
    /// <param name="graph">The graph; null if no request depends on another.</param>
    /// <returns>Why the batch is refused; null if it is not.</returns>
    public Refusal? Build(int count, string owner, MemoryBudgets budgets, Func<int, string> nameOf, out DependencyGraph? graph)
    {
        graph = null;
        if (Edges == 0)
        {
            return null;
        }

        var searched = (long)BytesPerSearched * count;
        var lease = budgets.Dependencies.Open(owner);
        if (!lease.TryReserve(searched + ListBytes + DependencyGraph.BytesOf(count, Edges, KeysOfReferences)))
        {
            return budgets.RefuseDependencies();
        }

        var (first, dependents, open, rules) = ToArrays(count);
        if (FindCircle(first, dependents, open, nameOf) is { } problem)
        {
            lease.Dispose();
            return new Refusal.Invalid([problem]);
        }

        lease.Release(searched);
        graph = new DependencyGraph(first, dependents, open, rules, _spawners, lease, KeysOfReferences, ToLists());
        return null;
    }

    /// <summary>Makes the graph of a batch that was accepted before.</summary>
    /// <param name="count">Requests of the batch.</param>
    /// <param name="lease">Its memory, of which it takes what it needs, room or not.</param>
    /// <returns>The graph; disposed, the lease is too.</returns>
    public DependencyGraph Rebuild(int count, ByteLease lease)
    {
        lease.ReserveAnyway(ListBytes + DependencyGraph.BytesOf(count, Edges, KeysOfReferences));
        var (first, dependents, open, rules) = ToArrays(count);
        return new DependencyGraph(first, dependents, open, rules, _spawners, lease, KeysOfReferences, ToLists());
    }

    private Dictionary<int, int> ToLists() => _lists.ToDictionary(list => list.Index, list => Keys.IndexOf(list.Name));

    private (int[] First, int[] Dependents, int[] Open, RunWhen[] Rules) ToArrays(int count)
    {
        var first = new int[count + 1];
        for (var at = 0; at < Edges; at++)
        {
            first[Keys.IndexOf(_names[at]) + 1]++;
        }

        for (var i = 0; i < count; i++)
        {
            first[i + 1] += first[i];
        }

        // Filled from behind: what first says moves from the end of a request's dependents to their beginning.
        var dependents = new int[Edges];
        var open = new int[count];
        var rules = new RunWhen[count];
        for (var row = Rows - 1; row >= 0; row--)
        {
            rules[IndexOf(row)] = (RunWhen)_rows[(row * IntsPerRow) + 1];
            open[IndexOf(row)] = EndOf(row) - StartOf(row);
            for (var at = EndOf(row) - 1; at >= StartOf(row); at--)
            {
                dependents[--first[Keys.IndexOf(_names[at]) + 1]] = IndexOf(row);
            }
        }

        first.AsSpan(1).CopyTo(first);
        first[count] = Edges;
        return (first, dependents, open, rules);
    }

    private string FieldOf(int index) => fieldOf?.Invoke(index) ?? string.Create(CultureInfo.InvariantCulture, $"requests[{index}]");

    private int IndexOf(int row) => _rows[row * IntsPerRow];

    private int StartOf(int row) => row == 0 ? 0 : EndOf(row - 1);

    private int EndOf(int row) => _rows[(row * IntsPerRow) + 2];

    // Puts requests in order until only those are left that wait for each other (A. B. Kahn, 1962).
    private Problem? FindCircle(int[] first, int[] dependents, int[] open, Func<int, string> nameOf)
    {
        var left = (int[])open.Clone();
        var order = new int[left.Length];
        var end = 0;
        for (var i = 0; i < left.Length; i++)
        {
            if (left[i] == 0)
            {
                order[end++] = i;
            }
        }

        for (var next = 0; next < end; next++)
        {
            foreach (var dependent in dependents.AsSpan(first[order[next]]..first[order[next] + 1]))
            {
                if (--left[dependent] == 0)
                {
                    order[end++] = dependent;
                }
            }
        }

        return end == left.Length ? null : DescribeCircle(left, order, nameOf);
    }

    // Each of those that are left waits for another one of them: going on from one to the next leads into a circle.
    private Problem DescribeCircle(int[] left, int[] steps, Func<int, string> nameOf)
    {
        const int shown = 8;
        Array.Clear(steps);
        var path = new List<int>();
        var at = Array.FindIndex(left, static waits => waits > 0);
        while (steps[at] == 0)
        {
            path.Add(at);
            steps[at] = path.Count;
            var row = RowOf(at);
            var name = StartOf(row);
            while (left[Keys.IndexOf(_names[name])] == 0)
            {
                name++;
            }

            at = Keys.IndexOf(_names[name]);
        }

        var circle = path[(steps[at] - 1)..];
        var names = string.Join(" -> ", circle.Take(shown).Select(nameOf));
        return new Problem(
            $"{FieldOf(at)}.depends_on",
            circle.Count <= shown
                ? $"leads round in a circle: {names} -> {nameOf(at)}"
                : string.Create(CultureInfo.InvariantCulture, $"leads round in a circle of {circle.Count}: {names} -> ... -> {nameOf(at)}"));
    }

    private int RowOf(int index)
    {
        var (from, to) = (0, Rows - 1);
        while (from < to)
        {
            var middle = (from + to) / 2;
            (from, to) = IndexOf(middle) < index ? (middle + 1, to) : (from, middle);
        }

        return from;
    }
}
