using Batching.Engine.Committing;
using Batching.Engine.Delivery;
using Batching.Engine.Model;
using Batching.Engine.Storage;
using Batching.V1;

namespace Batching.Engine.Lifecycle;

/// <summary>Deletes batches. Thread-safe.</summary>
public sealed class BatchDeleter
{
    private readonly BatchFinder _finder;
    private readonly BatchViews _views;
    private readonly GroupCommitter _committer;

    internal BatchDeleter(BatchFinder finder, BatchViews views, GroupCommitter committer)
    {
        _finder = finder;
        _views = views;
        _committer = committer;
    }

    /// <summary>Deletes a batch with everything that belongs to it.</summary>
    /// <returns>The batch as it was.</returns>
    /// <exception cref="StoreUnavailableException">Nothing has changed.</exception>
    public async ValueTask<Outcome<Batch>> DeleteAsync(
        Caller caller, string batchId, CancellationToken cancellationToken)
    {
        var found = await _finder.FindAsync(caller, batchId, cancellationToken);
        if (!found.Succeeded)
        {
            return found.Refusal;
        }

        await _committer.WriteAsync(new StoreWrite.Delete(found.Value.Key));
        return _views.ToFullBatch(found.Value);
    }

    /// <summary>Deletes the responses of a batch that is done, as if it had expired.</summary>
    /// <returns>The batch as it was.</returns>
    /// <exception cref="StoreUnavailableException">Nothing has changed.</exception>
    public async ValueTask<Outcome<Batch>> DeleteResponsesAsync(
        Caller caller, string batchId, CancellationToken cancellationToken)
    {
        var found = await _finder.FindAsync(caller, batchId, cancellationToken);
        if (!found.Succeeded)
        {
            return found.Refusal;
        }

        if (found.Value.DoneTime is null)
        {
            return new Refusal.NotThere($"Batch {batchId} is not done.");
        }

        await _committer.WriteAsync(new StoreWrite.Expire(found.Value.Key));
        return _views.ToBatch(found.Value);
    }
}
