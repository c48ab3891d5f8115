using Batching.Engine.Model;
using Batching.Engine.Storage;
using Batching.V1;
using Google.Protobuf.WellKnownTypes;

namespace Batching.Engine.Delivery;

/// <summary>Shows batches as the contract has them, and their requests. Thread-safe.</summary>
internal sealed class BatchViews(BatchIds ids, TimeProvider time)
{
    /// <summary>Bytes that a batch without its requests takes at most in a message, with the message around it.</summary>
    public const int MaxBytes = 256;

    /// <summary>A batch without its requests, as it is now.</summary>
    public Batch ToBatch(BatchRecord record) => ToBatch(record, IsExpired(record));

    /// <summary>The same, with what its owner is told of it, which may be larger than all the rest.</summary>
    public Batch ToFullBatch(BatchRecord record)
    {
        var batch = ToBatch(record);
        batch.Notify = ToNotify(record);
        return batch;
    }

    /// <summary>The wish of a batch's owner to be told of it; null if there is none.</summary>
    public static Notify? ToNotify(BatchRecord record) => record.Notify is not { } target ? null : new Notify
    {
        Url = target.Url,
        Events = { BatchEventNames.NamesOf(target.Events) },
    };

    /// <summary>A batch without its requests.</summary>
    /// <param name="record">The batch.</param>
    /// <param name="isExpired">Whether its bodies are gone.</param>
    public Batch ToBatch(BatchRecord record, bool isExpired) => new()
    {
        Id = ids.OfBatch(record.Key),
        State = isExpired ? BatchState.Expired
            : record.Cancelled ? BatchState.Cancelled
            : record.DoneTime is not null ? BatchState.Done
            : BatchState.Running,
        CreateTime = record.CreateTime.ToTimestamp(),
        DoneTime = record.DoneTime?.ToTimestamp(),
        ExpireTime = record.ExpireTime.ToTimestamp(),
        TotalRequests = record.Total,
        RunningRequests = record.Running,
        FailedRequests = record.Failed,
        ResponseSize = record.ResponseSize,
        StartTime = record.StartTime?.ToTimestamp(),
        Priority = record.Priority,
        Deadline = record.Deadline?.ToTimestamp(),
        Open = record.IsOpen,
        SubmittedRequests = record.Appends?.Requests ?? 0,
    };

    /// <summary>Shows requests of one batch.</summary>
    /// <param name="record">The batch.</param>
    /// <param name="fields">What of them is wanted.</param>
    public RequestViews Of(BatchRecord record, RequestFields fields) => new(this, ids, record, fields);

    /// <summary>Whether the bodies are gone: they are once their time is over, however late they are deleted.</summary>
    public bool IsExpired(BatchRecord record) => record.Expired || record.ExpireTime <= time.GetUtcNow();
}
