using Batching.CrashTests.History;

namespace Batching.CrashTests.Checking;

/// <summary>Nobody sees the batches of others.</summary>
internal static class OwnerCheck
{
    public static IEnumerable<Violation> Check(CrashHistory history, IEnumerable<CheckedBatch> batches)
    {
        foreach (var probe in history.Probes.Where(probe => probe.Answer is not null))
        {
            yield return new Violation(
                ViolationKind.ForeignView, $"owner {probe.Owner} asked for batch {probe.BatchId} and got {probe.Answer}");
        }

        foreach (var batch in batches.Where(batch => batch.Final is { } final && final.Owner != batch.Plan.Owner))
        {
            yield return new Violation(
                ViolationKind.ForeignView, $"{batch} of owner {batch.Plan.Owner} is in the list of owner {batch.Final!.Owner}");
        }
    }
}
