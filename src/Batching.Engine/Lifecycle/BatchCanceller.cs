using Batching.Engine.Committing;
using Batching.Engine.Delivery;
using Batching.Engine.Model;
using Batching.Engine.Running;
using Batching.Engine.Scheduling;
using Batching.Engine.Storage;
using Batching.V1;

namespace Batching.Engine.Lifecycle;

/// <summary>Cancels batches. Thread-safe.</summary>
public sealed class BatchCanceller
{
    private readonly IBatchStore _store;
    private readonly BatchFinder _finder;
    private readonly BatchViews _views;
    private readonly ActiveBatches _activeBatches;
    private readonly Scheduler _scheduler;
    private readonly DelayedStarts _delayed;
    private readonly GroupCommitter _committer;
    private readonly TimeProvider _time;

    internal BatchCanceller(
        IBatchStore store,
        BatchFinder finder,
        BatchViews views,
        ActiveBatches activeBatches,
        Scheduler scheduler,
        DelayedStarts delayed,
        GroupCommitter committer,
        TimeProvider time)
    {
        _store = store;
        _finder = finder;
        _views = views;
        _activeBatches = activeBatches;
        _scheduler = scheduler;
        _delayed = delayed;
        _committer = committer;
        _time = time;
    }

    /// <summary>
    /// Cancels a batch that still runs; one that is done stays as it is. The cancellation is durable when this returns;
    /// the last requests may be about to end.
    /// </summary>
    /// <exception cref="StoreUnavailableException">Nothing has changed.</exception>
    public async ValueTask<Outcome<Batch>> CancelAsync(
        Caller caller, string batchId, CancellationToken cancellationToken) =>
        await CancelAsync(await _finder.FindAsync(caller, batchId, cancellationToken), cancellationToken);

    /// <summary>The same for a batch of anybody.</summary>
    internal async ValueTask<Outcome<Batch>> CancelAnyAsync(string batchId, CancellationToken cancellationToken) =>
        await CancelAsync(await _finder.FindAnyAsync(batchId, cancellationToken), cancellationToken);

    private async ValueTask<Outcome<Batch>> CancelAsync(Outcome<BatchRecord> found, CancellationToken cancellationToken)
    {
        if (!found.Succeeded)
        {
            return found.Refusal;
        }

        var record = found.Value;
        if (record.DoneTime is null)
        {
            await _committer.WriteAsync(new StoreWrite.Cancel(record.Key, _time.GetUtcNow()));
            if (_activeBatches.TryGet(record.Key, out var batch))
            {
                _scheduler.Stop(batch, Failure.Cancelled);
            }
            else if (record.StartTime is not null)
            {
                _delayed.Wake(record.Key);
            }

            record = await _store.FindBatchAsync(record.Key, cancellationToken) ?? record;
        }

        return _views.ToFullBatch(record);
    }
}
