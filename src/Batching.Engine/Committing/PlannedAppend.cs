using Batching.Engine.Model;
using Batching.Engine.Running;
using Batching.Engine.Storage;

namespace Batching.Engine.Committing;

/// <summary>Results of a batch that are about to be stored.</summary>
internal sealed class PlannedAppend
{
    /// <summary>Plans results of a batch that this gateway alone appends to.</summary>
    public PlannedAppend(ActiveBatch batch, StoreWrite.AppendResults write)
    {
        Batch = batch;
        Write = write;
        Append = write;
    }

    /// <summary>Plans results of a batch that others append to, too.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="bytes">About how many bytes the results have.</param>
    /// <param name="time">The done time, should they be the last.</param>
    /// <param name="append">Makes the change.</param>
    public PlannedAppend(
        ActiveBatch batch, long bytes, DateTimeOffset time, Func<BatchRecord, StoreWrite.AppendResults> append)
    {
        Batch = batch;
        Write = new StoreWrite.AppendShared(batch.Key, bytes, record => Append = append(record))
        {
            // Whoever wants to be told of the batch is told what its counters are.
            Relative = batch.Record.Notify is null ? append(WithoutResults(batch.Record)) : null,
            Time = time,
            Appended = appended => Append = appended,
        };
    }

    /// <summary>The batch.</summary>
    public ActiveBatch Batch { get; }

    /// <summary>The change.</summary>
    public StoreWrite Write { get; }

    /// <summary>The change that is made, once it is known; null if it is not, because the batch is gone or the answer was lost.</summary>
    public StoreWrite.AppendResults? Append { get; private set; }

    private static BatchRecord WithoutResults(BatchRecord record) =>
        record with { Finished = 0, Failed = 0, ResponseSize = 0 };
}
