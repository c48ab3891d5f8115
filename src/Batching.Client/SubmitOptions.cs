using Batching.V1;

namespace Batching.Client;

/// <summary>Options for submitting a batch.</summary>
public sealed class SubmitOptions
{
    /// <summary>
    /// The key by which the gateway recognises the submission if it is made again: then its answer is the batch that is there, and no
    /// other one is made. Of visible ASCII characters and blanks, at most 255 unless the gateway is configured otherwise. A new one for
    /// each call by default. Give one of your own, and keep it before you submit, to be able to go on after your own process has died.
    /// </summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>
    /// The time before which nothing of the batch is begun: at most 24 h ahead, unless the gateway is configured otherwise. At once by
    /// default.
    /// </summary>
    public DateTimeOffset? StartTime { get; init; }

    /// <summary>
    /// The rank of the batch among those of the same caller, 0 to 9: while requests of one with a higher rank wait, none of one with a
    /// lower is begun. 5 by default.
    /// </summary>
    public int? Priority { get; init; }

    /// <summary>
    /// The time at which what has no result ends as <c>BATCH_DEADLINE</c>, with status 504. When the batch expires by default.
    /// </summary>
    public DateTimeOffset? Deadline { get; init; }

    /// <summary>
    /// The URL that the gateway calls when something has happened to the batch, and the events. The operator of the gateway has to allow
    /// its host. None by default.
    /// </summary>
    public Notify? Notify { get; init; }

    /// <summary>
    /// Keeps the batch open: <see cref="BatchHandle.AppendAsync"/> adds requests until <see cref="BatchHandle.SealAsync"/>. False by default.
    /// Such a batch is submitted in one message.
    /// </summary>
    public bool KeepOpen { get; init; }
}
