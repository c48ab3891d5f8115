using Batching.Engine.Delivery;
using Batching.Engine.Model;
using Batching.Engine.Storage;

namespace Batching.Engine.Drafts;

/// <summary>Shows the batches of a dialect, drafts included. Thread-safe.</summary>
public sealed class AttributedBatches
{
    private const int PageSize = 100;

    private readonly IBatchStore _store;
    private readonly IDraftStore? _drafts;
    private readonly BatchFinder _finder;
    private readonly BatchIds _ids;
    private readonly TimeProvider _time;

    internal AttributedBatches(
        IBatchStore store, IEnumerable<IDraftStore> drafts, BatchFinder finder, BatchIds ids, TimeProvider time)
    {
        _store = store;
        _drafts = drafts.FirstOrDefault();
        _finder = finder;
        _ids = ids;
        _time = time;
    }

    /// <summary>Finds a batch of a caller.</summary>
    /// <param name="caller">Whose.</param>
    /// <param name="id">Its id.</param>
    /// <param name="isOwn">Whether attributes are those of the dialect.</param>
    /// <param name="cancellationToken">The caller has gone.</param>
    /// <returns>Null if there is none, or it is none of the dialect.</returns>
    public async ValueTask<AttributedBatch?> FindAsync(
        Caller caller, string id, Func<byte[], bool> isOwn, CancellationToken cancellationToken)
    {
        // An id that no batch can have is looked up like any other: there is no batch 0. The draft first: it may become the
        // batch meanwhile.
        var key = _ids.TryParseBatch(id, out var found) ? found : 0;
        var draft = _drafts is null ? null : await _drafts.FindDraftAsync(caller.Owner, key, cancellationToken);
        var record = draft is null ? await _store.FindBatchAsync(caller.Owner, key, cancellationToken) : null;
        var batch = draft is not null && IsThere(draft) ? ToBatch(draft)
            : record is not null && _finder.IsThere(record) ? ToBatch(record)
            : null;
        return batch is not null && isOwn(batch.Attributes) ? batch : null;
    }

    /// <summary>Lists the batches of a caller, newest first.</summary>
    /// <param name="caller">Whose.</param>
    /// <param name="after">The id of the last one that the caller has; empty for none.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="isOwn">Whether attributes are those of the dialect.</param>
    /// <param name="cancellationToken">The caller has gone.</param>
    /// <returns>Null if there can't be a batch of that id.</returns>
    public async ValueTask<IReadOnlyList<AttributedBatch>?> ListAsync(
        Caller caller, string after, int limit, Func<byte[], bool> isOwn, CancellationToken cancellationToken)
    {
        var before = long.MaxValue;
        if (after.Length > 0 && !_ids.TryParseBatch(after, out before))
        {
            return null;
        }

        var found = new List<AttributedBatch>();
        while (found.Count < limit)
        {
            var drafts = _drafts is null
                ? []
                : await _drafts.ListDraftsAsync(caller.Owner, before, PageSize, cancellationToken);
            var records = await _store.ListBatchesAsync(caller.Owner, before, PageSize, cancellationToken);

            // Of the one that has more, nothing below its last one is known yet.
            var known = Math.Max(LastOf(drafts, draft => draft.Key), LastOf(records, record => record.Key));
            found.AddRange(drafts.Where(IsThere).Select(ToBatch)
                .Concat(records.Where(_finder.IsThere).Select(ToBatch))
                .Where(batch => batch.Key >= known && isOwn(batch.Attributes))
                .DistinctBy(batch => batch.Key)
                .OrderByDescending(batch => batch.Key));
            if (known == 0)
            {
                break;
            }

            before = known;
        }

        return [.. found.Take(limit)];
    }

    /// <summary>Lists them the other way round: those before one, newest first, the ones next to it.</summary>
    /// <inheritdoc cref="ListAsync"/>
    public async ValueTask<IReadOnlyList<AttributedBatch>?> ListBeforeAsync(
        Caller caller, string before, int limit, Func<byte[], bool> isOwn, CancellationToken cancellationToken)
    {
        if (!_ids.TryParseBatch(before, out var key))
        {
            return null;
        }

        var newer = new Queue<AttributedBatch>();
        var after = "";
        while (true)
        {
            var page = (await ListAsync(caller, after, PageSize, isOwn, cancellationToken))!;
            foreach (var batch in page.TakeWhile(batch => batch.Key > key))
            {
                newer.Enqueue(batch);
                if (newer.Count > limit)
                {
                    newer.Dequeue();
                }
            }

            if (page.Count < PageSize || page[^1].Key <= key)
            {
                return [.. newer];
            }

            after = page[^1].Id;
        }
    }

    /// <summary>Counts the failures of a batch by their reason.</summary>
    public async ValueTask<IReadOnlyDictionary<Failure, int>> CountFailuresAsync(
        BatchRecord record, CancellationToken cancellationToken)
    {
        var counts = new Dictionary<Failure, int>();
        await foreach (var segment in _store.ReadEntriesAsync(record.Key, 1, cancellationToken))
        {
            for (var position = segment.FirstPosition; position <= segment.LastPosition; position++)
            {
                var failure = segment[position].Failure;
                counts[failure] = counts.GetValueOrDefault(failure) + 1;
            }
        }

        return counts;
    }

    private static long LastOf<T>(IReadOnlyList<T> page, Func<T, long> keyOf) =>
        page.Count < PageSize ? 0 : keyOf(page[^1]);

    private bool IsThere(BatchDraft draft) => draft.DeleteTime > _time.GetUtcNow();

    private AttributedBatch ToBatch(BatchDraft draft) =>
        new(_ids.OfBatch(draft.Key), draft.Key, draft.Attributes) { Draft = draft };

    private AttributedBatch ToBatch(BatchRecord record) =>
        new(_ids.OfBatch(record.Key), record.Key, record.Attributes ?? []) { Record = record };
}
