using System.Globalization;
using Batching.CrashTests.History;
using Batching.CrashTests.Plan;

namespace Batching.CrashTests.Checking;

/// <summary>Every page of a query is there once, up to the end or to a page that failed.</summary>
internal static class SpawnerCheck
{
    public static IEnumerable<Violation> Check(CheckedBatch batch)
    {
        if (batch.Final is not { } final)
        {
            yield break;
        }

        var pages = final.Results
            .Where(result => result.Token.Contains('.', StringComparison.Ordinal))
            .ToLookup(result => result.Token[..result.Token.IndexOf('.', StringComparison.Ordinal)]);
        foreach (var spawner in batch.Plan.Requests.Where(request => request.Spawner != SpawnerKind.None))
        {
            var found = pages[spawner.Token].GroupBy(NumberOf).ToDictionary(group => group.Key, group => group.ToList());
            foreach (var (number, results) in found.Where(page => page.Value.Count > 1))
            {
                yield return new Violation(
                    ViolationKind.PageTwice, $"{batch} has page {number} of {spawner.Token} {results.Count} times");
            }

            for (var number = 1; number <= spawner.Answer.Pages; number++)
            {
                if (!found.TryGetValue(number, out var page))
                {
                    if (!batch.MayBeStopped)
                    {
                        yield return new Violation(
                            ViolationKind.PageMissing,
                            $"{batch} has no page {number} of {spawner.Token}, which has {spawner.Answer.Pages}");
                    }

                    break;
                }

                // A page that failed leads to no other; side by side only the first one does.
                if ((number == 1 || spawner.Spawner == SpawnerKind.Cursor) && IsFailure(page[0]))
                {
                    break;
                }
            }
        }
    }

    private static bool IsFailure(ResultSeen page) => page.Error is not null || page.Status != 200;

    private static int NumberOf(ResultSeen page) =>
        int.Parse(page.Token.AsSpan(page.Token.IndexOf('.', StringComparison.Ordinal) + 1), CultureInfo.InvariantCulture);
}
