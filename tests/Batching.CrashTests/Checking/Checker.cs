using Batching.CrashTests.History;

namespace Batching.CrashTests.Checking;

/// <summary>
/// Compares what was acknowledged, what the upstream received and what was delivered, and names every promise that was
/// not kept.
/// </summary>
internal static class Checker
{
    public static IReadOnlyList<Violation> Check(CrashHistory history)
    {
        var batches = BatchesOf(history);
        var log = new UpstreamLog(history);
        return
        [
            .. history.Surprises.Select(text => new Violation(ViolationKind.Surprise, text)),
            .. batches.SelectMany(AcceptanceCheck.Check),
            .. batches.SelectMany(batch => ResultCheck.Check(batch, log, history.Kills)),
            .. batches.SelectMany(DeliveryCheck.Check),
            .. batches.SelectMany(CounterCheck.Check),
            .. batches.SelectMany(SpawnerCheck.Check),
            .. CallCheck.Check(history, log),
            .. DependencyCheck.Check(history, log),
            .. KeyedCheck.Check(history, log),
            .. OwnerCheck.Check(history, batches),
            .. WebhookCheck.Check(history, batches),
        ];
    }

    /// <summary>The batches that there are, or should be.</summary>
    public static List<CheckedBatch> BatchesOf(CrashHistory history)
    {
        var finals = history.Finals.ToDictionary(final => final.BatchId);
        var replies = history.Replies.ToLookup(reply => reply.BatchId);
        var views = history.Views.ToLookup(view => view.BatchId);
        var stops = history.Stops.ToLookup(stop => stop.BatchId);
        var drained = history.Drained.ToHashSet();
        var appended = history.Appended.ToLookup(append => append.BatchId, append => append.RequestIds);

        // What was not acknowledged is known by its requests.
        var unacknowledged = history.Finals
            .Where(final => final.Results.Count > 0)
            .ToLookup(final => BatchOf(final.Results[0].Token));
        return
        [
            .. history.Submissions.SelectMany(submission => submission.BatchId is { } id
                ? [Create(id, submission with { RequestIds = [.. submission.RequestIds, .. appended[id].SelectMany(ids => ids)] })]
                : unacknowledged[BatchOf(submission.Plan.Requests[0].Token)]
                    // Nobody has appended to it.
                    .Select(final => Create(
                        final.BatchId,
                        submission with { Plan = submission.Plan with { Requests = [.. submission.Plan.Submitted], OpenWith = null } }))),
        ];

        CheckedBatch Create(string id, Submission submission) => new()
        {
            Id = id,
            Submission = submission,
            Final = finals.GetValueOrDefault(id),
            Replies = [.. replies[id]],
            Views = [.. views[id]],
            Stops = [.. stops[id]],
            IsDrained = drained.Contains(id),
        };
    }

    private static string BatchOf(string token) => token[..token.IndexOf('r', StringComparison.Ordinal)];
}
