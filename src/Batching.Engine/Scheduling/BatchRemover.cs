using Batching.Engine.Committing;
using Batching.Engine.Delivery;
using Batching.Engine.Storage;
using Batching.Engine.Upstreams;

namespace Batching.Engine.Scheduling;

/// <summary>Removes a batch from the store and from memory. Thread-safe.</summary>
internal sealed class BatchRemover(
    ActiveBatches activeBatches,
    Scheduler scheduler,
    GroupCommitter committer,
    RequestReader requests,
    ResultReader results,
    Deliveries deliveries,
    BatchSignals signals)
{
    /// <summary>Removes it.</summary>
    /// <exception cref="StoreUnavailableException">It is still there.</exception>
    public async Task RemoveAsync(long batchKey)
    {
        await committer.WriteAsync(new StoreWrite.Delete(batchKey));
        if (activeBatches.TryGet(batchKey, out var batch))
        {
            scheduler.Stop(batch, Failure.Cancelled);
            activeBatches.Remove(batchKey);
        }

        requests.Forget(batchKey);
        results.Forget(batchKey);
        deliveries.Forget(batchKey);
        signals.Changed(batchKey);
    }
}
