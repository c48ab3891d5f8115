using Batching.Engine.Model;
using Batching.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

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

    /// <summary>The time before which nothing of the batch is begun; null for at once.</summary>
    public Timestamp? StartTime { get; init; }

    /// <summary>The rank of the batch among those of its owner, from 0 to 9; null for the one in the middle.</summary>
    public int? Priority { get; init; }

    /// <summary>The time at which what is not done ends; null for when the batch expires.</summary>
    public Timestamp? Deadline { get; init; }

    /// <summary>The wish to be told of the batch; null for none.</summary>
    public Notify? Notify { get; init; }

    /// <summary>Whether requests may be appended to the batch, until it is sealed.</summary>
    public bool IsOpen { get; init; }

    /// <summary>The terms of a batch in one message.</summary>
    public static SubmissionTerms Of(CreateBatchRequest request, string? idempotencyKey) => new()
    {
        IdempotencyKey = idempotencyKey,
        StartTime = request.StartTime,
        Priority = request.HasPriority ? request.Priority : null,
        Deadline = request.Deadline,
        Notify = request.Notify,
        IsOpen = request.Open,
    };

    /// <summary>The terms of an upload, of which this is the first message.</summary>
    public static SubmissionTerms Of(UploadBatchRequest first, string? idempotencyKey) => new()
    {
        IdempotencyKey = idempotencyKey,
        StartTime = first.StartTime,
        Priority = first.HasPriority ? first.Priority : null,
        Deadline = first.Deadline,
        Notify = first.Notify,
    };

    /// <summary>The terms as one message, for the hash of the content.</summary>
    internal IMessage ToMessage()
    {
        var message = new CreateBatchRequest { StartTime = StartTime, Deadline = Deadline, Notify = Notify, Open = IsOpen };
        if (Priority is { } priority and not BatchRecord.DefaultPriority)
        {
            message.Priority = priority;
        }

        return message;
    }
}
