using System.Globalization;
using Batching.Engine.Content;
using Batching.Engine.Model;
using Batching.V1;

namespace Batching.Engine.Keyed;

/// <summary>Finds what is wrong with a keyed batch as a whole.</summary>
internal static class KeyedBatchRules
{
    /// <summary>The problem with its calls taken together; null if there is none.</summary>
    /// <param name="request">The batch.</param>
    /// <param name="maxCalls">Calls that it may have.</param>
    public static Refusal.Invalid? FindProblem(RunBatchRequest request, int maxCalls)
    {
        if (request.Calls.Count > maxCalls)
        {
            return new Refusal.Invalid(
                "calls",
                string.Create(
                    CultureInfo.InvariantCulture, $"holds {request.Calls.Count} calls; the limit is {maxCalls}"));
        }

        var keys = new HashSet<string>(request.Calls.Count, StringComparer.Ordinal);
        for (var i = 0; i < request.Calls.Count; i++)
        {
            if (!keys.Add(request.Calls[i].Key))
            {
                return new Refusal.Invalid(
                    string.Create(CultureInfo.InvariantCulture, $"calls[{i}].key"),
                    $"is given twice: {CallerText.Quote(request.Calls[i].Key)}");
            }
        }

        return null;
    }
}
