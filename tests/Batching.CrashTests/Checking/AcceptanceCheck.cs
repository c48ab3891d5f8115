namespace Batching.CrashTests.Checking;

/// <summary>An acknowledged batch survives, and every request of it ends in exactly one result.</summary>
internal static class AcceptanceCheck
{
    public static IEnumerable<Violation> Check(CheckedBatch batch)
    {
        if (batch.Final is not { } final)
        {
            if (!batch.MayBeDeleted)
            {
                yield return new Violation(
                    ViolationKind.LostBatch, $"{batch} was acknowledged and is gone");
            }

            yield break;
        }

        if (batch.Stops.Any(stop => stop is { Fate: Plan.Fate.Delete, IsAcknowledged: true }))
        {
            yield return new Violation(
                ViolationKind.NotDeleted, $"{batch} is still there, though its deletion was acknowledged");
        }

        var results = final.Results.ToLookup(result => result.Token);
        var ids = batch.Submission.RequestIds;
        foreach (var (index, request) in batch.Plan.Requests.Index())
        {
            var found = results[request.Token].ToList();
            if (found.Count == 0)
            {
                yield return new Violation(
                    ViolationKind.LostRequest, $"{batch} has no result for {request.Token}");
            }
            else if (index < ids.Count && found[0].RequestId != ids[index])
            {
                yield return new Violation(
                    ViolationKind.LostRequest,
                    $"{batch} has {request.Token} as request {found[0].RequestId}, and acknowledged {ids[index]}");
            }
        }

        foreach (var twice in final.Results.GroupBy(result => result.RequestId).Where(group => group.Count() > 1))
        {
            yield return new Violation(
                ViolationKind.TwoResults,
                $"{batch} has {twice.First().Token} at the positions {string.Join(", ", twice.Select(one => one.Position))}");
        }

        if (final.Running > 0 || final.Total != final.Results.Count)
        {
            yield return new Violation(
                ViolationKind.LostRequest,
                $"{batch} has {final.Total} requests, {final.Running} of them running, and {final.Results.Count} results");
        }
    }
}
