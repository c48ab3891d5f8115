using Batching.Engine.Committing;
using Batching.Engine.Delivery;
using Batching.Engine.Model;
using Batching.Engine.Running;
using Batching.Engine.Storage;
using Batching.V1;

namespace Batching.Engine.Lifecycle;

/// <summary>Seals open batches. Thread-safe.</summary>
public sealed class BatchSealer
{
    private readonly BatchFinder _finder;
    private readonly BatchViews _views;
    private readonly ActiveBatches _activeBatches;
    private readonly GroupCommitter _committer;

    internal BatchSealer(BatchFinder finder, BatchViews views, ActiveBatches activeBatches, GroupCommitter committer)
    {
        _finder = finder;
        _views = views;
        _activeBatches = activeBatches;
        _committer = committer;
    }

    /// <summary>Seals a batch: it takes no more requests. One that is not open stays as it is.</summary>
    /// <exception cref="StoreUnavailableException">Nothing has changed.</exception>
    public async ValueTask<Outcome<Batch>> SealAsync(
        Caller caller, string batchId, CancellationToken cancellationToken)
    {
        var found = await _finder.FindAsync(caller, batchId, cancellationToken);
        if (!found.Succeeded)
        {
            return found.Refusal;
        }

        var record = found.Value;
        if (!record.IsOpen)
        {
            return _views.ToBatch(record);
        }

        if (_activeBatches.TryGet(record.Key, out var batch))
        {
            var append = new PendingAppend(batch) { Seals = true };
            await _committer.AppendAsync(append);
            return _views.ToBatch(append.Record);
        }

        // Sealed at this moment, or not taken up yet.
        found = await _finder.FindAsync(caller, batchId, cancellationToken);
        return !found.Succeeded ? found.Refusal
            : found.Value.IsOpen ? new Refusal.Unavailable("The gateway has just started, and takes up its batches. Nothing was changed; try again.")
            : _views.ToBatch(found.Value);
    }
}
