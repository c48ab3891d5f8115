using Batching.Engine.Committing;
using Batching.Engine.Delivery;
using Batching.Engine.Model;
using Batching.Engine.Storage;

namespace Batching.Engine.Submission;

/// <summary>
/// Finds the batch that a submission has made before. That there is one at most is seen to by the store, in the transaction that
/// accepts it, so that it holds for submissions side by side, too. Thread-safe.
/// </summary>
internal sealed class SubmissionKeys(IBatchStore store, BatchFinder finder, GroupCommitter committer)
{
    /// <summary>Finds the batch that was submitted with a key.</summary>
    /// <param name="owner">Whose key it is.</param>
    /// <param name="key">The key, with the content of the submission that is made now.</param>
    /// <param name="cancellationToken">The caller has gone.</param>
    /// <returns>The batch, or the refusal if it was submitted with other content; null if there is none.</returns>
    public async ValueTask<Outcome<BatchRecord>?> FindAsync(
        string owner, SubmissionKey? key, CancellationToken cancellationToken)
    {
        if (key is null || await store.FindBatchAsync(owner, key.Text, cancellationToken) is not { } found)
        {
            return null;
        }

        if (!finder.IsThere(found))
        {
            // Its time is over, and nobody has come round to delete it: the key is free again.
            await committer.WriteAsync(new StoreWrite.Delete(found.Key));
            return null;
        }

        if (found.SubmissionKey != key)
        {
            return Refuse();
        }

        return found;
    }

    /// <summary>The same behind a submission that the store has refused because of its key.</summary>
    /// <inheritdoc cref="FindAsync"/>
    public async ValueTask<Outcome<BatchRecord>> FindOtherAsync(
        string owner, SubmissionKey? key, CancellationToken cancellationToken) =>
        await FindAsync(owner, key, cancellationToken)
            ?? new Refusal.Unavailable("The batch with this Idempotency-Key was deleted at this moment. Nothing was stored; try again.");

    /// <summary>Whether there is a batch with a key, whatever was submitted with it.</summary>
    public async ValueTask<bool> HasAsync(string owner, string? key, CancellationToken cancellationToken) =>
        key is not null && await store.FindBatchAsync(owner, key, cancellationToken) is { } found && finder.IsThere(found);

    private static Refusal.KeyReused Refuse() => new(
        "The Idempotency-Key was used for a batch with other content. Give each submission a key of its own.");
}
