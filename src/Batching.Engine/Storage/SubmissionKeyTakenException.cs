namespace Batching.Engine.Storage;

/// <summary>
/// A batch was to be accepted whose owner has another one with the same <see cref="Model.BatchRecord.SubmissionKey"/>. Nothing of the
/// commit was made.
/// </summary>
/// <param name="batchKey">The batch that was to be accepted.</param>
public sealed class SubmissionKeyTakenException(long batchKey)
    : Exception($"The owner of batch {batchKey} has another one that was submitted with the same key.")
{
    /// <summary>The batch that was to be accepted.</summary>
    public long BatchKey { get; } = batchKey;
}
