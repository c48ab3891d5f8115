namespace Batching.Engine.Model;

/// <summary>One batch as the store knows it, its requests and results aside. Immutable.</summary>
public sealed record BatchRecord
{
    /// <summary>The lowest <see cref="Priority"/>.</summary>
    public const int MinPriority = 0;

    /// <summary>The highest <see cref="Priority"/>.</summary>
    public const int MaxPriority = 9;

    /// <summary>The <see cref="Priority"/> of a batch of which none was given.</summary>
    public const int DefaultPriority = 5;

    /// <summary>
    /// The batch's number. Its first requests have the numbers that follow, the others those in <see cref="Runs"/>, so
    /// one number identifies a batch or a request, and neither needs an index of its own.
    /// </summary>
    public required long Key { get; init; }

    /// <summary>The owner who submitted the batch: an opaque text, compared by its bytes.</summary>
    public required string Owner { get; init; }

    /// <summary>The time at which the batch was accepted, in whole milliseconds.</summary>
    public required DateTimeOffset CreateTime { get; init; }

    /// <summary>The time at which the response bodies are deleted.</summary>
    public required DateTimeOffset ExpireTime { get; init; }

    /// <summary>The time at which everything else is deleted.</summary>
    public required DateTimeOffset DeleteTime { get; init; }

    /// <summary>The time at which the last request finished; null while any is waiting or running, or
    /// may still be appended.</summary>
    public DateTimeOffset? DoneTime { get; init; }

    /// <summary>For how many requests numbers are reserved; more are when spawned ones need them.</summary>
    public required int Capacity { get; init; }

    /// <summary>The numbers of those requests that don't have the ones behind <see cref="Key"/>: the last ones.</summary>
    public NumberRuns Runs { get; init; } = NumberRuns.None;

    /// <summary>The number of pages that each spawner of the batch may have; 0 if it has no spawners.</summary>
    public int SpawnerPages { get; init; }

    /// <summary>The number of times that one of its requests names another one that it depends on; 0 if none does.</summary>
    public int Dependencies { get; init; }

    /// <summary>The number of requests, spawned ones included.</summary>
    public required int Total { get; init; }

    /// <summary>The number of results that are stored: the last position.</summary>
    public int Finished { get; init; }

    /// <summary>The number of results that are failures.</summary>
    public int Failed { get; init; }

    /// <summary>Bytes of response body over all results.</summary>
    public long ResponseSize { get; init; }

    /// <summary>The received mark: every position up to it has reached the client.</summary>
    public int Received { get; init; }

    /// <summary>The caller has cancelled the batch.</summary>
    public bool Cancelled { get; init; }

    /// <summary>The response bodies are deleted.</summary>
    public bool Expired { get; init; }

    /// <summary>The caller's credential, encrypted; null if there was none, and once the batch is done.</summary>
    public byte[]? Credential { get; init; }

    /// <summary>The client's address, which the API is told; null if it is not known.</summary>
    public string? Peer { get; init; }

    /// <summary>The trace that the calls belong to, with its flags; null for one that begins when they are made.</summary>
    public string? Trace { get; init; }

    /// <summary>The key that it was submitted with; null if it has none.</summary>
    public SubmissionKey? SubmissionKey { get; init; }

    /// <summary>The time before which none of its requests is begun; null for one that was begun when it was accepted.</summary>
    public DateTimeOffset? StartTime { get; init; }

    /// <summary>Its rank among the batches of its owner: what waits of one with a higher rank is begun first.</summary>
    public int Priority { get; init; } = DefaultPriority;

    /// <summary>The time at which what is not done ends; null for none but <see cref="ExpireTime"/>.</summary>
    public DateTimeOffset? Deadline { get; init; }

    /// <summary>The URL that is told of the batch; null if none is.</summary>
    public WebhookTarget? Notify { get; init; }

    /// <summary>The time at which the caller has cancelled the batch; null if nobody has, or it was not noted.</summary>
    public DateTimeOffset? CancelTime { get; init; }

    /// <summary>Every request may be sent a second time, whatever its method: after a failure, and after a crash.</summary>
    public bool MayRepeat { get; init; }

    /// <summary>
    /// Several gateways run it side by side, each the requests that it holds: as soon as nobody else does. Its requests
    /// neither spawn others nor depend on others.
    /// </summary>
    public bool IsShared { get; init; }

    /// <summary>
    /// The batch as a dialect has it, beside all this: opaque to everybody else, and small. Null for a batch without. Not kept in
    /// memory while the batch runs.
    /// </summary>
    public byte[]? Attributes { get; init; }

    /// <summary>The time at which requests without a result are stopped.</summary>
    public DateTimeOffset StopTime => Deadline is { } deadline && deadline < ExpireTime ? deadline : ExpireTime;

    /// <summary>
    /// The time at which it is sealed by itself, unless something is appended before; null for a batch that takes no more requests.
    /// </summary>
    public DateTimeOffset? OpenUntil { get; init; }

    /// <summary>The requests that it was given so far; null for a batch that was not submitted open.</summary>
    public AppendState? Appends { get; init; }

    /// <summary>Whether it takes more requests.</summary>
    public bool IsOpen => OpenUntil is not null;

    /// <summary>Whether it has requests without a result, or may get some.</summary>
    public bool IsUnfinished => Running > 0 || IsOpen;

    /// <summary>The number of requests that have no result yet.</summary>
    public int Running => Total - Finished;
}
