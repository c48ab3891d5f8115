using System.Globalization;
using Batching.Engine.Configuration;
using Batching.Engine.Content;
using Batching.Engine.Dependencies;
using Batching.Engine.Model;
using Batching.Engine.Quotas;
using Batching.V1;

namespace Batching.Engine.Keyed;

/// <summary>The calls of a keyed batch that wait for others, as <c>depends_on</c> and <c>run_when</c> of its calls have it.</summary>
/// <param name="DependsOn">The calls that each waits for, by index.</param>
/// <param name="Rules">When each of these is made.</param>
internal sealed record KeyedDependencies(
    IReadOnlyDictionary<int, IReadOnlyList<int>> DependsOn, IReadOnlyDictionary<int, RunWhen> Rules)
{
    /// <summary>Those of a batch in which none waits.</summary>
    public static KeyedDependencies None { get; } = new(new Dictionary<int, IReadOnlyList<int>>(), new Dictionary<int, RunWhen>());

    /// <summary>Reads them. The keys of the calls are known to differ.</summary>
    /// <param name="request">The calls.</param>
    /// <param name="owner">Whose they are.</param>
    /// <param name="budgets">The memory that is needed meanwhile.</param>
    /// <param name="limits">How many there may be.</param>
    public static Outcome<KeyedDependencies> Read(RunBatchRequest request, string owner, MemoryBudgets budgets, LimitOptions limits)
    {
        if (request.Calls.All(call => call.Request is null || (call.Request.DependsOn.Count == 0 && !call.Request.HasRunWhen)))
        {
            return None;
        }

        var problems = new List<Problem>();
        var builder = new DependencyBuilder(FieldOf);
        var indexes = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < request.Calls.Count; i++)
        {
            builder.Keys.TryAdd(request.Calls[i].Key, i, out _);
            indexes.Add(request.Calls[i].Key, i);
        }

        for (var i = 0; i < request.Calls.Count; i++)
        {
            if (request.Calls[i].Request is { } call && FindProblem(call, i, builder.Edges, limits) is { } problem)
            {
                problems.Add(problem);
            }
            else if (request.Calls[i].Request is { DependsOn.Count: > 0 } dependent)
            {
                builder.Add(i, dependent);
            }
        }

        builder.FindUnknown(problems, request.Calls.Count + problems.Count);
        if (problems.Count > 0)
        {
            return new Refusal.Invalid(problems);
        }

        if (builder.Build(
            request.Calls.Count, owner, budgets, index => CallerText.Quote(request.Calls[index].Key), out var graph) is { } circle)
        {
            return circle;
        }

        graph?.Dispose();
        var dependents = request.Calls.Select((call, index) => (call.Request, index)).Where(call => call.Request is { DependsOn.Count: > 0 });
        return new KeyedDependencies(
            dependents.ToDictionary(
                call => call.index, call => (IReadOnlyList<int>)[.. call.Request.DependsOn.Select(key => indexes[key])]),
            dependents.ToDictionary(call => call.index, call => call.Request.RunWhen));
    }

    /// <summary>The order of the calls, and what makes the responses of those that are never made.</summary>
    /// <param name="request">The calls.</param>
    /// <param name="plan">What is known of the calls; its dependencies count where there are none here.</param>
    /// <param name="parallelism">Calls that are made at the same time, at most.</param>
    public (CallOrder Order, Func<int, Response> FromFailedDependency) ToOrder(RunBatchRequest request, CallPlan plan, int parallelism)
    {
        if (DependsOn.Count == 0)
        {
            return (
                new CallOrder(request.Calls.Count, parallelism, plan.DependsOn), static _ => KeyedResponses.FromFailedDependency());
        }

        // A status counts as in stored batches.
        var order = new CallOrder(request.Calls.Count, parallelism, DependsOn, Rules) { FailsFrom = 400 };
        return (
            order,
            index => KeyedResponses.FromFailedDependency(request.Calls[order.CauseOf(index)].Key, order.RuleOf(index)));
    }

    private static Problem? FindProblem(Request call, int index, int edges, LimitOptions limits) =>
        call.DependsOn.Count > limits.DependenciesPerRequest ? new Problem(
            $"{FieldOf(index)}.depends_on",
            $"has {call.DependsOn.Count} keys; the limit is {limits.DependenciesPerRequest} ({OptionKey.Of<LimitOptions>(nameof(LimitOptions.DependenciesPerRequest))})")
        : call.DependsOn.Count > limits.DependenciesPerBatch - edges ? new Problem(
            $"{FieldOf(index)}.depends_on",
            $"makes them more than {limits.DependenciesPerBatch} in the batch ({OptionKey.Of<LimitOptions>(nameof(LimitOptions.DependenciesPerBatch))})")
        : call.HasRunWhen && !Enum.IsDefined(call.RunWhen) ? new Problem($"{FieldOf(index)}.run_when", "is not one that is known")
        : call.RunWhen != RunWhen.Unspecified && call.DependsOn.Count == 0 ? new Problem($"{FieldOf(index)}.run_when", "needs depends_on")
        : null;

    private static string FieldOf(int index) => string.Create(CultureInfo.InvariantCulture, $"calls[{index}].request");
}
