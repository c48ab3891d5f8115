using Batching.Engine.Model;

namespace Batching.Engine.Storage;

/// <summary>
/// The batches that have an id before their requests are known: a part of a store that keeps some, opened and closed with its
/// <see cref="IBatchStore"/>. A draft is gone with the <see cref="StoreWrite.Accept"/> of its batch, and what was staged of one
/// that is not ended stays when the store is opened again. Its bytes count in <see cref="IBatchStore.ReadUsageAsync"/>. Fails
/// as that does.
/// </summary>
public interface IDraftStore
{
    /// <summary>Adds a draft.</summary>
    ValueTask AddDraftAsync(BatchDraft draft, CancellationToken cancellationToken);

    /// <summary>Gives a draft up, unless it is given up already: forgets its credential, and deletes what is staged of it.</summary>
    /// <param name="batchKey">The draft.</param>
    /// <param name="endTime">When it was given up.</param>
    /// <param name="problems">Why; null if its caller has cancelled it.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    ValueTask EndDraftAsync(
        long batchKey, DateTimeOffset endTime, byte[]? problems, CancellationToken cancellationToken);

    /// <summary>Deletes a draft, and what is staged of it.</summary>
    ValueTask DeleteDraftAsync(long batchKey, CancellationToken cancellationToken);

    /// <summary>Finds a draft of an owner; null if it isn't there or is somebody else's, in the same way for both.</summary>
    ValueTask<BatchDraft?> FindDraftAsync(string owner, long batchKey, CancellationToken cancellationToken);

    /// <summary>Lists the drafts of an owner, highest key first.</summary>
    /// <param name="owner">The owner.</param>
    /// <param name="beforeKey">Only those with a smaller key; <see cref="long.MaxValue"/> for all.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    ValueTask<IReadOnlyList<BatchDraft>> ListDraftsAsync(
        string owner, long beforeKey, int limit, CancellationToken cancellationToken);

    /// <summary>Lists drafts that are not given up, lowest key first.</summary>
    /// <param name="afterKey">Only those with a larger key; 0 for all.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    ValueTask<IReadOnlyList<BatchDraft>> ListOpenDraftsAsync(
        long afterKey, int limit, CancellationToken cancellationToken);

    /// <summary>Lists drafts that are due for deletion, oldest first.</summary>
    ValueTask<IReadOnlyList<BatchDraft>> ListDraftsToDeleteAsync(
        DateTimeOffset now, int limit, CancellationToken cancellationToken);

    /// <summary>Counts the requests that are staged of a draft: the first ones of its batch.</summary>
    ValueTask<int> CountStagedAsync(long batchKey, CancellationToken cancellationToken);
}
