using Batching.Engine.Model;
using Batching.Engine.Storage;

namespace Batching.Engine.Delivery;

/// <summary>
/// Finds a batch for a caller. It always asks the store, whoever runs the batch, and for the caller's batches only: one
/// that isn't there and one of somebody else are the same to it, so that neither the answer nor its time tells them
/// apart.
/// </summary>
internal sealed class BatchFinder(IBatchStore store, BatchIds ids, TimeProvider time)
{
    /// <summary>Finds a batch of the caller's own.</summary>
    public ValueTask<Outcome<BatchRecord>> FindAsync(
        Caller caller, string batchId, CancellationToken cancellationToken) =>
        FindAsync(batchId, key => store.FindBatchAsync(caller.Owner, key, cancellationToken));

    /// <summary>Finds a batch of anybody, for operators.</summary>
    public ValueTask<Outcome<BatchRecord>> FindAnyAsync(string batchId, CancellationToken cancellationToken) =>
        FindAsync(batchId, key => store.FindBatchAsync(key, cancellationToken));

    /// <summary>Whether callers still see a batch: they don't once its time is over, however late it is deleted.</summary>
    public bool IsThere(BatchRecord record) => record.DeleteTime > time.GetUtcNow();

    private async ValueTask<Outcome<BatchRecord>> FindAsync(string batchId, Func<long, ValueTask<BatchRecord?>> find)
    {
        // It tells nothing about any batch.
        if (!IdCodec.IsWellFormed(batchId))
        {
            return new Refusal.Invalid("batch_id", $"must be an id of {IdCodec.Length} digits");
        }

        // An id that no batch can have is looked up like any other: there is no batch 0.
        if (!ids.TryParseBatch(batchId, out var key))
        {
            key = 0;
        }

        var record = await find(key);
        return record is not null && IsThere(record) ? record : new Refusal.NotFound("batch", batchId);
    }
}
