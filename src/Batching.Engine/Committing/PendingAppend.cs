using Batching.Engine.Model;
using Batching.Engine.Running;

namespace Batching.Engine.Committing;

/// <summary>
/// Requests that are to be appended to an open batch, or its sealing. Decided by the writer, in the order of all changes of the batch: so
/// two that come side by side can't both be the next.
/// </summary>
/// <param name="batch">The batch.</param>
internal sealed class PendingAppend(ActiveBatch batch)
{
    /// <summary>The batch.</summary>
    public ActiveBatch Batch { get; } = batch;

    /// <summary>Completes when it is durable, or was not done.</summary>
    public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The requests, as if they were the first of a batch; none to seal it.</summary>
    public IReadOnlyList<RequestWindow> Windows { get; init; } = [];

    /// <summary>The place at which they begin among all that the batch was given; null for behind whatever is there.</summary>
    public long? Offset { get; init; }

    /// <summary>The hash of their content.</summary>
    public string Hash { get; init; } = "";

    /// <summary>The time until which the batch is open behind it.</summary>
    public DateTimeOffset OpenUntil { get; init; }

    /// <summary>Requests that the batch may be given.</summary>
    public int MaxRequests { get; init; }

    /// <summary>Bytes that these may have.</summary>
    public long MaxBytes { get; init; }

    /// <summary>Seals the batch.</summary>
    public bool Seals { get; init; }

    /// <summary>Seals it only if nothing was appended by then; null for in any case.</summary>
    public DateTimeOffset? IfIdleAt { get; init; }

    /// <summary>The number of requests.</summary>
    public int Count => Windows.Sum(window => window.Count);

    /// <summary>Their bytes.</summary>
    public long Bytes => Windows.Sum(window => (long)window.Data.Length);

    /// <summary>The outcome.</summary>
    public AppendOutcome Outcome { get; private set; }

    /// <summary>The index of the first of the requests, where there are any.</summary>
    public int FirstIndex { get; private set; }

    /// <summary>The batch behind it.</summary>
    public BatchRecord Record { get; set; } = batch.Record;

    /// <summary>Decides what becomes of it.</summary>
    /// <param name="record">The batch as it is before.</param>
    /// <returns>The batch behind it; the same if nothing changes.</returns>
    public BatchRecord Apply(BatchRecord record)
    {
        if (Seals)
        {
            var isSealed = record.IsOpen && (IfIdleAt is null || record.OpenUntil <= IfIdleAt || Batch.StopReason != Failure.None);
            return isSealed ? record with { OpenUntil = null } : record;
        }

        var state = record.Appends!;
        Outcome = state.IsLast(Offset, Count, Hash) ? AppendOutcome.Repeated
            : !record.IsOpen || Batch.StopReason != Failure.None ? AppendOutcome.Sealed
            : Offset is { } offset && offset != state.Requests ? AppendOutcome.WrongOffset
            : Count > MaxRequests - state.Requests ? AppendOutcome.TooMany
            : Bytes > MaxBytes - state.Bytes ? AppendOutcome.TooLarge
            : AppendOutcome.Done;
        if (Outcome != AppendOutcome.Done)
        {
            FirstIndex = state.LastIndex;
            return record;
        }

        FirstIndex = record.Total;
        return record with
        {
            Total = record.Total + Count,
            OpenUntil = OpenUntil,
            Appends = state.With(FirstIndex, Count, Bytes, Hash),
        };
    }

    /// <summary>The requests at the place that they were given.</summary>
    public IEnumerable<RequestWindow> PlacedWindows() =>
        Windows.Select(window => new RequestWindow(FirstIndex + window.FirstIndex, window.Count, window.Data));
}
