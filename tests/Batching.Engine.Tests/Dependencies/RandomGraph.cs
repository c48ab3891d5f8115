using Batching.V1;

namespace Batching.Engine.Tests.Dependencies;

/// <summary>A random batch whose requests depend on each other, and what has to become of it.</summary>
internal sealed class RandomGraph
{
    public const int Blocked = 424;
    public const int Cancelled = 499;

    private static readonly RunWhen[] Rules = [RunWhen.Unspecified, RunWhen.Succeeded, RunWhen.Done, RunWhen.Failed];

    private readonly int[][] _dependencies;
    private readonly RunWhen[] _rules;
    private readonly int[] _order;

    public RandomGraph(int seed, int maxNodes)
    {
        var random = new Random(seed);
        var count = random.Next(1, maxNodes + 1);
        var width = random.Next(1, 6);
        var failures = random.NextDouble() * 0.4;

        // In this order they can run; in the batch they stand in that of their indexes.
        _order = [.. Enumerable.Range(0, count)];
        random.Shuffle(_order);
        _dependencies = new int[count][];
        _rules = new RunWhen[count];
        Statuses = new int[count];
        for (var place = 0; place < count; place++)
        {
            var index = _order[place];
            var most = Math.Min(place, random.Next(10) == 0 ? 40 : width);
            var nearest = random.Next(2) == 0 ? 0 : Math.Max(0, place - 20);
            _dependencies[index] = random.Next(5) == 0
                ? []
                : [.. Enumerable.Range(0, random.Next(most + 1)).Select(_ => _order[random.Next(nearest, place)])];
            _rules[index] = _dependencies[index].Length == 0 ? RunWhen.Unspecified : random.GetItems(Rules, 1)[0];
            Statuses[index] = random.NextDouble() < failures ? 404 : 200;
        }
    }

    public int Count => _order.Length;

    /// <summary>The status that the API answers each request with.</summary>
    public int[] Statuses { get; }

    public int[] DependenciesOf(int index) => _dependencies[index];

    public Request[] ToRequests(string prefix) =>
    [
        .. Enumerable.Range(0, Count).Select(index =>
        {
            var request = new Request { Path = $"/{prefix}/{index}", Key = $"k{index}", RunWhen = _rules[index] };
            request.DependsOn.Add(_dependencies[index].Select(other => $"k{other}"));
            return request;
        }),
    ];

    /// <summary>The status of every result.</summary>
    public int[] Expected()
    {
        var results = new int[Count];
        foreach (var index in _order)
        {
            results[index] = MayRun(index, results) ? Statuses[index] : Blocked;
        }

        return results;
    }

    /// <summary>Says what of the results of a batch that was cancelled can't be.</summary>
    public IEnumerable<string> FindContradictions(int[] results) => Enumerable.Range(0, Count)
        .Where(index => results[index] != Cancelled)
        .Where(index => results[index] != (MayRun(index, results) ? Statuses[index] : Blocked))
        .Select(index => $"{index} has {results[index]}, its dependencies {string.Join(", ", _dependencies[index].Select(other => results[other]))} ({_rules[index]})");

    private bool MayRun(int index, int[] results)
    {
        var failed = _dependencies[index].Count(other => results[other] >= 400);
        return _dependencies[index].Length == 0 || _rules[index] switch
        {
            RunWhen.Done => true,
            RunWhen.Failed => failed > 0,
            _ => failed == 0,
        };
    }
}
