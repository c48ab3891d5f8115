using Batching.CrashTests.History;
using Batching.CrashTests.Plan;

namespace Batching.CrashTests.Checking;

/// <summary>A batch that was acknowledged, or was found in the end although it was not, with all that is known of it.</summary>
internal sealed record CheckedBatch
{
    public required string Id { get; init; }

    public required Submission Submission { get; init; }

    /// <summary>Null if the batch is gone.</summary>
    public required FinalBatch? Final { get; init; }

    public required IReadOnlyList<Reply> Replies { get; init; }

    public required IReadOnlyList<View> Views { get; init; }

    public required IReadOnlyList<Stop> Stops { get; init; }

    public required bool IsDrained { get; init; }

    public BatchPlan Plan => Submission.Plan;

    public bool MayBeDeleted => Stops.Any(stop => stop.Fate == Fate.Delete);

    /// <summary>Cancelled or deleted: what had no result then has ended early.</summary>
    public bool MayBeStopped => Stops.Count > 0;

    /// <summary>For messages.</summary>
    public override string ToString() => $"batch {Id} ({Plan.Number}, {Plan.SubmittedBy}, {Plan.Style} by {Plan.ReadBy})";
}
