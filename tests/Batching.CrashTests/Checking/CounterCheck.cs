using Batching.CrashTests.History;

namespace Batching.CrashTests.Checking;

/// <summary>Counters never go back, and when nothing is running everything is there.</summary>
internal static class CounterCheck
{
    public static IEnumerable<Violation> Check(CheckedBatch batch)
    {
        // Of views whose calls overlapped nobody knows which one is the older.
        View? best = null;
        var answered = batch.Views.OrderBy(view => view.Answered).ToList();
        var next = 0;
        foreach (var view in batch.Views.OrderBy(view => view.Asked))
        {
            for (; next < answered.Count && answered[next].Answered < view.Asked; next++)
            {
                best = best is null
                    ? answered[next]
                    : best with
                    {
                        Total = Math.Max(best.Total, answered[next].Total),
                        Running = Math.Max(best.Total, answered[next].Total)
                            - Math.Max(best.Total - best.Running, answered[next].Total - answered[next].Running),
                    };
            }

            if (best is not null
                && (view.Total < best.Total || view.Total - view.Running < best.Total - best.Running))
            {
                yield return new Violation(
                    ViolationKind.CounterWentBack,
                    $"{batch} had {best.Total - best.Running} results of {best.Total} requests, and later "
                    + $"{view.Total - view.Running} of {view.Total}");
            }
        }

        var early = batch.Views.FirstOrDefault(view => view.Running == 0 && batch.Final is { } final && view.Total < final.Total)
            ?? batch.Views.FirstOrDefault(view => view.Running == 0 && batch.Views.Any(
                later => later.Asked > view.Answered && (later.Running > 0 || later.Total > view.Total)));
        if (early is not null)
        {
            yield return new Violation(
                ViolationKind.RunningZeroEarly,
                $"{batch} had nothing running with {early.Total} requests, and has {batch.Final?.Total} in the end");
        }
    }
}
