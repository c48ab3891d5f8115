using System.Runtime.CompilerServices;
using Batching.Engine.Model;
using Batching.Engine.Quotas;
using Batching.Engine.Storage;

namespace Batching.Engine.Files;

/// <summary>Keeps the files that batches are read from. Thread-safe.</summary>
public sealed class BatchFiles
{
    private readonly IFileStore _store;
    private readonly BatchIds _ids;
    private readonly OwnerQuotas _quotas;
    private readonly MemoryBudgets _budgets;
    private readonly TimeProvider _time;

    internal BatchFiles(
        IFileStore store, BatchIds ids, OwnerQuotas quotas, MemoryBudgets budgets, TimeProvider time)
    {
        _store = store;
        _ids = ids;
        _quotas = quotas;
        _budgets = budgets;
        _time = time;
    }

    /// <summary>The id of a file.</summary>
    public string IdOf(FileRecord file) => _ids.OfBatch(file.Key);

    /// <summary>Begins to store a file. It is one of the streams that its owner may have open.</summary>
    /// <param name="caller">Whose it will be.</param>
    /// <param name="cancellationToken">The caller has gone.</param>
    public async ValueTask<Outcome<FileUpload>> OpenUploadAsync(Caller caller, CancellationToken cancellationToken)
    {
        var stream = _quotas.OpenStream(caller.Owner);
        if (!stream.Succeeded)
        {
            return stream.Refusal;
        }

        var memory = _budgets.Receiving.Open(caller.Owner);
        var upload = new FileUpload(_store, _ids, caller.Owner, stream.Value, memory, _time);
        var refusal = memory.TryReserve(FileUpload.HeldBytes) ? null : _budgets.RefuseReceiving();
        if (refusal is null)
        {
            var quota = await _quotas.ReserveAsync(caller.Owner, batches: 0, requests: 0, bytes: 0, cancellationToken);
            if (quota.Succeeded)
            {
                upload.Quota = quota.Value;
                return upload;
            }

            await upload.DisposeAsync();
            return quota.Refusal;
        }

        await upload.DisposeAsync();
        return refusal;
    }

    /// <summary>Finds a file of a caller; null if there is none, or it has expired.</summary>
    public async ValueTask<FileRecord?> FindAsync(Caller caller, string id, CancellationToken cancellationToken)
    {
        // An id that no file can have is looked up like any other: there is no file 0.
        var file = await _store.FindFileAsync(
            caller.Owner, _ids.TryParseBatch(id, out var key) ? key : 0, cancellationToken);
        return file is not null && file.ExpireTime > _time.GetUtcNow() ? file : null;
    }

    /// <summary>Lists the files of a caller, newest first.</summary>
    /// <param name="caller">Whose.</param>
    /// <param name="after">The id of the last one that the caller has; empty for none.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancellationToken">The caller has gone.</param>
    /// <returns>Null if there can't be a file of that id.</returns>
    public async ValueTask<IReadOnlyList<FileRecord>?> ListAsync(
        Caller caller, string after, int limit, CancellationToken cancellationToken)
    {
        var before = long.MaxValue;
        if (after.Length > 0 && !_ids.TryParseBatch(after, out before))
        {
            return null;
        }

        var found = new List<FileRecord>();
        await foreach (var file in ReadAsync(caller, before, limit, cancellationToken))
        {
            found.Add(file);
            if (found.Count == limit)
            {
                break;
            }
        }

        return found;
    }

    /// <summary>Lists them the other way round: oldest first.</summary>
    /// <inheritdoc cref="ListAsync"/>
    public async ValueTask<IReadOnlyList<FileRecord>?> ListOldestAsync(
        Caller caller, string after, int limit, CancellationToken cancellationToken)
    {
        var behind = 0L;
        if (after.Length > 0 && !_ids.TryParseBatch(after, out behind))
        {
            return null;
        }

        var oldest = new Queue<FileRecord>();
        await foreach (var file in ReadAsync(caller, long.MaxValue, limit, cancellationToken))
        {
            if (file.Key <= behind)
            {
                break;
            }

            oldest.Enqueue(file);
            if (oldest.Count > limit)
            {
                oldest.Dequeue();
            }
        }

        return [.. oldest.Reverse()];
    }

    /// <summary>Deletes a file that was found. A batch that is being read from it fails; others have what they need.</summary>
    /// <exception cref="StoreUnavailableException">Nothing has changed.</exception>
    public async ValueTask DeleteAsync(FileRecord file, CancellationToken cancellationToken) =>
        await _store.DeleteFileAsync(file.Key, cancellationToken);

    /// <inheritdoc cref="IFileStore.ReadFileAsync"/>
    /// <exception cref="StoreUnavailableException">It can't be read now.</exception>
    public ValueTask<int?> ReadAsync(
        FileRecord file, long offset, Memory<byte> destination, CancellationToken cancellationToken) =>
        _store.ReadFileAsync(file.Key, offset, destination, cancellationToken);

    // Those that have expired may still be there.
    private async IAsyncEnumerable<FileRecord> ReadAsync(
        Caller caller, long before, int pageSize, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        var page = await _store.ListFilesAsync(caller.Owner, before, pageSize, cancellationToken);
        while (true)
        {
            foreach (var file in page.Where(file => file.ExpireTime > now))
            {
                yield return file;
            }

            if (page.Count < pageSize)
            {
                yield break;
            }

            page = await _store.ListFilesAsync(caller.Owner, page[^1].Key, pageSize, cancellationToken);
        }
    }
}
