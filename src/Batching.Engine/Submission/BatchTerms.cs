namespace Batching.Engine.Submission;

/// <summary>The terms of a batch that a dialect submits, where they are not those of every batch.</summary>
public sealed record BatchTerms
{
    /// <inheritdoc cref="Model.BatchRecord.Attributes"/>
    public required byte[] Attributes { get; init; }

    /// <summary>The time at which requests without a result are stopped.</summary>
    public required DateTimeOffset Deadline { get; init; }

    /// <summary>The time at which the response bodies are deleted.</summary>
    public required DateTimeOffset ExpireTime { get; init; }

    /// <summary>The time at which everything else is deleted, not before that.</summary>
    public required DateTimeOffset DeleteTime { get; init; }

    /// <inheritdoc cref="Model.BatchRecord.MayRepeat"/>
    public bool MayRepeat { get; init; }
}
