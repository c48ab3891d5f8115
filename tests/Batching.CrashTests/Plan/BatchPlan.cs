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

    /// <summary>
    /// The number of requests that it is submitted with, as an open batch: the others are appended. Null for a batch that is submitted
    /// whole.
    /// </summary>
    public int? OpenWith { get; init; }

    /// <summary>The number of requests in one append.</summary>
    public int AppendSize { get; init; } = 1;

    /// <summary>Its owner wants to be told when it is done, and of the first failure.</summary>
    public bool Notifies { get; init; }

    /// <summary>The requests, in order.</summary>
    public required IReadOnlyList<RequestPlan> Requests { get; init; }

    /// <summary>The requests that it is submitted with.</summary>
    public IEnumerable<RequestPlan> Submitted => Requests.Take(OpenWith ?? Requests.Count);
}
