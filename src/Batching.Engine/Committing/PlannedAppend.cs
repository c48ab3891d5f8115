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
    public PlannedAppend(ActiveBatch batch, long bytes, Func<BatchRecord, StoreWrite.AppendResults> append)
    {
        Batch = batch;
        Write = new StoreWrite.AppendShared(batch.Key, bytes, record => Append = append(record));
    }

    /// <summary>The batch.</summary>
    public ActiveBatch Batch { get; }

    /// <summary>The change.</summary>
    public StoreWrite Write { get; }

    /// <summary>The change that is made, once it is known; null if the batch turns out to be gone.</summary>
    public StoreWrite.AppendResults? Append { get; private set; }
}
