namespace Batching.CrashTests.Plan;

/// <summary>A batch, and what happens to it.</summary>
internal sealed record BatchPlan
{
    /// <summary>0, 1, 2 … over all batches.</summary>
    public required int Number { get; init; }

    /// <summary>Index of its owner.</summary>
    public required int Owner { get; init; }

    /// <summary>How it is submitted.</summary>
    public required Transport SubmittedBy { get; init; }

    /// <summary>How it is read.</summary>
    public required Transport ReadBy { get; init; }

    /// <summary>How it is read.</summary>
    public required ReaderStyle Style { get; init; }

    /// <summary>What its owner does with it.</summary>
    public required Fate Fate { get; init; }

    /// <summary>How long after the acknowledgement it is cancelled or deleted.</summary>
    public required TimeSpan FateDelay { get; init; }

    /// <summary>The reader cuts its stream after so many records; 0 for never.</summary>
    public required int CutAfter { get; init; }

    /// <summary>The requests, in order.</summary>
    public required IReadOnlyList<RequestPlan> Requests { get; init; }
}
