using Batching.CrashTests.History;

namespace Batching.CrashTests.Checking;

/// <summary>Owners are told of what has happened to their batches at least once, and of nothing that has not.</summary>
internal static class WebhookCheck
{
    private const string Done = "batch.done";
    private const string FailedFirst = "batch.failed_first";

    public static IEnumerable<Violation> Check(CrashHistory history, IReadOnlyList<CheckedBatch> batches)
    {
        var told = history.Told.ToLookup(message => message.BatchId);
        var known = batches.Select(batch => batch.Id).ToHashSet();
        return
        [
            .. batches.SelectMany(batch => Check(batch, [.. told[batch.Id]])),
            .. history.Told.Where(message => !known.Contains(message.BatchId)).Select(message => new Violation(
                ViolationKind.ToldWrongly, $"{message.Event} came of {message.BatchId}, which is no batch that was submitted")),
        ];
    }

    /// <summary>Whether all has come that has to.</summary>
    public static bool IsComplete(CrashHistory history, IReadOnlyList<CheckedBatch> batches) =>
        !Check(history, batches).Any(violation => violation.Kind == ViolationKind.NotTold);

    private static IEnumerable<Violation> Check(CheckedBatch batch, List<Told> told)
    {
        foreach (var message in told.Where(message => !batch.Plan.Notifies || message.Event is not (Done or FailedFirst)))
        {
            yield return new Violation(ViolationKind.ToldWrongly, $"{batch} has not asked to be told of {message.Event}");
        }

        foreach (var twice in told.GroupBy(message => message.Event).Where(one => one.DistinctBy(message => message.MessageId).Count() > 1))
        {
            yield return new Violation(ViolationKind.ToldWrongly, $"{batch} has several messages for {twice.Key}");
        }

        // What is known of a batch that was deleted is too little.
        if (batch.Final is not { } final || !batch.Plan.Notifies)
        {
            yield break;
        }

        var failed = final.Results.Count(result => result.Status >= 400);
        if (told.FirstOrDefault(message => message.Event == Done && (message.Running > 0 || message.Total != final.Total || message.Failed != failed)) is { } early)
        {
            yield return new Violation(
                ViolationKind.ToldWrongly,
                $"{batch} is told to be done with {early.Total} requests, {early.Running} running, {early.Failed} failed, and has {final.Total}, {failed} of them failed");
        }

        if (failed == 0 && told.Any(message => message.Event == FailedFirst))
        {
            yield return new Violation(ViolationKind.ToldWrongly, $"{batch} is told to have a failure, and has none");
        }

        if (!told.Exists(message => message.Event == Done))
        {
            yield return new Violation(ViolationKind.NotTold, $"{batch} is done, and nobody was told");
        }

        if (failed > 0 && !told.Exists(message => message.Event == FailedFirst))
        {
            yield return new Violation(ViolationKind.NotTold, $"{batch} has a failure, and nobody was told");
        }
    }
}
