namespace Batching.Engine.Model;

/// <summary>
/// A batch that has an id, but is not accepted yet, as its requests are still being read; or that was not accepted in the end.
/// Immutable.
/// </summary>
public sealed record BatchDraft
{
    /// <summary>The number that the batch will have.</summary>
    public required long Key { get; init; }

    /// <summary>The owner who submitted it: an opaque text, compared by its bytes.</summary>
    public required string Owner { get; init; }

    /// <summary>The time at which it was submitted, in whole milliseconds.</summary>
    public required DateTimeOffset CreateTime { get; init; }

    /// <summary>The time at which it is deleted, if it is not accepted before.</summary>
    public required DateTimeOffset DeleteTime { get; init; }

    /// <summary>The time at which it was given up; null while its requests are being read.</summary>
    public DateTimeOffset? EndTime { get; init; }

    /// <summary>The problems for which it was given up, as its dialect has them; null if its caller has cancelled it.</summary>
    public byte[]? Problems { get; init; }

    /// <inheritdoc cref="BatchRecord.Attributes"/>
    public required byte[] Attributes { get; init; }

    /// <summary>The caller's credential, encrypted; null if there was none, and once it is given up.</summary>
    public byte[]? Credential { get; init; }

    /// <inheritdoc cref="BatchRecord.Peer"/>
    public string? Peer { get; init; }

    /// <inheritdoc cref="BatchRecord.Trace"/>
    public string? Trace { get; init; }
}
