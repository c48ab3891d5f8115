namespace Batching.Engine.Submission;

/// <summary>The terms of a submission: what is said of the batch as a whole.</summary>
public sealed record SubmissionTerms
{
    /// <summary>Nothing is said.</summary>
    public static SubmissionTerms None { get; } = new();

    /// <summary>
    /// The caller's key: a submission with the same one and the same content gets the same batch as its answer, for as long as that
    /// batch is there. Null for a submission that always makes a batch.
    /// </summary>
    public string? IdempotencyKey { get; init; }
}
