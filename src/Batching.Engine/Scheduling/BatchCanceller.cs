using Batching.Engine.Committing;
using Batching.Engine.Delivery;
using Batching.Engine.Storage;
using Batching.Engine.Upstreams;
using Batching.V1;

namespace Batching.Engine.Scheduling;

/// <summary>Cancels and deletes batches. Thread-safe.</summary>
public sealed class BatchCanceller
{
    private readonly IBatchStore _store;
    private readonly BatchFinder _finder;
    private readonly BatchViews _views;
    private readonly ActiveBatches _activeBatches;
    private readonly Scheduler _scheduler;
    private readonly GroupCommitter _committer;
    private readonly BatchRemover _remover;

    internal BatchCanceller(
        IBatchStore store,
        BatchFinder finder,
        BatchViews views,
        ActiveBatches activeBatches,
        Scheduler scheduler,
        GroupCommitter committer,
        BatchRemover remover)
    {
        _store = store;
        _finder = finder;
        _views = views;
        _activeBatches = activeBatches;
        _scheduler = scheduler;
        _committer = committer;
        _remover = remover;
    }

    /// <summary>
    /// Cancels a batch that still runs; one that is done stays as it is. The cancellation is durable when this returns;
    /// the last requests may be about to end.
    /// </summary>
    /// <exception cref="StoreUnavailableException">Nothing has changed.</exception>
    public async ValueTask<Answer<Batch>> CancelAsync(
        Caller caller, string batchId, CancellationToken cancellationToken)
    {
        var found = await _finder.FindAsync(caller, batchId, cancellationToken);
        if (!found.IsGiven)
        {
            return found.Refusal;
        }

        var record = found.Value;
        if (record.DoneTime is null)
        {
            await _committer.WriteAsync(new StoreWrite.Cancel(record.Key));
            if (_activeBatches.TryGet(record.Key, out var batch))
            {
                _scheduler.Stop(batch, Failure.Cancelled);
            }

            record = await _store.FindBatchAsync(record.Key, cancellationToken) ?? record;
        }

        return _views.ToBatch(record);
    }

    /// <summary>Deletes a batch with everything that belongs to it.</summary>
    /// <returns>The batch as it was.</returns>
    /// <exception cref="StoreUnavailableException">Nothing has changed.</exception>
    public async ValueTask<Answer<Batch>> DeleteAsync(
        Caller caller, string batchId, CancellationToken cancellationToken)
    {
        var found = await _finder.FindAsync(caller, batchId, cancellationToken);
        if (!found.IsGiven)
        {
            return found.Refusal;
        }

        await _remover.RemoveAsync(found.Value.Key);
        return _views.ToBatch(found.Value);
    }
}
