using Batching.Engine.Model;
using Batching.Engine.Submission;
using Batching.V1;

namespace Batching.Engine.Keyed;

/// <summary>
/// Prepares keyed batches for which nobody waits, so that they are stored: finds the calls that are never made, which get the response
/// that they would get at once, and makes requests of the others. Thread-safe.
/// </summary>
public sealed class KeyedBatchPlanner
{
    private const string CheckedField = "request.";

    private readonly RequestValidator _validator;

    internal KeyedBatchPlanner(RequestValidator validator) => _validator = validator;

    /// <summary>Splits the calls. Their requests are changed.</summary>
    /// <param name="batch">The calls. No two have the same key.</param>
    /// <param name="plan">What is known of them before, and which wait for which.</param>
    public PlannedCalls Plan(RunBatchRequest batch, CallPlan plan)
    {
        var known = new Dictionary<int, Response>();
        var requests = new List<Request>();
        for (var i = 0; i < batch.Calls.Count; i++)
        {
            var needed = plan.DependsOn.TryGetValue(i, out var before) ? before : [];
            if (FindResponse(i, batch.Calls[i].Request, plan) is { } response)
            {
                known[i] = response;
            }
            else if (needed.Any(known.ContainsKey))
            {
                // None of those has a success.
                known[i] = KeyedResponses.FromFailedDependency();
            }
            else
            {
                var request = batch.Calls[i].Request;
                request.Key = batch.Calls[i].Key;
                request.DependsOn.AddRange(needed.Distinct().Select(index => batch.Calls[index].Key));
                requests.Add(request);
            }
        }

        return new PlannedCalls(requests, known);
    }

    private Response? FindResponse(int index, Request request, CallPlan plan)
    {
        if (plan.Responses.TryGetValue(index, out var response))
        {
            return response;
        }

        if (plan.Problems.TryGetValue(index, out var problem))
        {
            return KeyedResponses.FromProblems([problem]);
        }

        return _validator.Check(request, []) is Refusal.Invalid invalid
            ? KeyedResponses.FromProblems([.. invalid.Problems.Select(WithoutPrefix)])
            : null;
    }

    private static Problem WithoutPrefix(Problem problem) => problem.Field.StartsWith(CheckedField, StringComparison.Ordinal)
        ? new Problem(problem.Field[CheckedField.Length..], problem.Message)
        : problem;
}
