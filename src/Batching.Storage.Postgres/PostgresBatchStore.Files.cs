using Batching.Engine.Model;
using Batching.Engine.Storage;
using Batching.Storage.Postgres.Reading;
using Batching.Storage.Postgres.Writing;

namespace Batching.Storage.Postgres;

/// <content>Files and drafts.</content>
public sealed partial class PostgresBatchStore : IFileStore, IDraftStore
{
    private FileReader Files => new(Rows);

    private DraftReader Drafts => new(Rows);

    /// <inheritdoc />
    public async ValueTask StageFileAsync(
        long fileKey, long offset, IReadOnlyList<byte[]> chunks, CancellationToken cancellationToken) =>
        await Writer.CommitAsync(
            chunks.Sum(chunk => (long)chunk.Length),
            (batch, gatewayId) => FileStatements.AddStage(batch, gatewayId, fileKey, offset, chunks),
            cancellationToken);

    /// <inheritdoc />
    public async ValueTask AddFileAsync(FileRecord file, CancellationToken cancellationToken) =>
        await Writer.CommitAsync(0, (batch, _) => FileStatements.AddInsert(batch, file), cancellationToken);

    /// <inheritdoc />
    public async ValueTask<bool> DeleteFileAsync(long fileKey, CancellationToken cancellationToken)
    {
        var isThere = await Writer.CommitAsync(
            0,
            (batch, _) => FileStatements.AddDelete(batch, fileKey),
            cancellationToken,
            connection => FileStatements.ExistsAsync(connection, fileKey));
        if (isThere)
        {
            _maintenance!.Signal();
        }

        return isThere;
    }

    /// <inheritdoc />
    public ValueTask<FileRecord?> FindFileAsync(string owner, long fileKey, CancellationToken cancellationToken) =>
        Files.FindAsync(owner, fileKey, cancellationToken);

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<FileRecord>> ListFilesAsync(
        string owner, long beforeKey, int limit, CancellationToken cancellationToken) =>
        Files.ListAsync(owner, beforeKey, limit, cancellationToken);

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<FileRecord>> ListFilesToDeleteAsync(
        DateTimeOffset now, int limit, CancellationToken cancellationToken) =>
        Files.ListToDeleteAsync(now, limit, cancellationToken);

    /// <inheritdoc />
    public ValueTask<int?> ReadFileAsync(
        long fileKey, long offset, Memory<byte> destination, CancellationToken cancellationToken) =>
        Files.ReadAsync(fileKey, offset, destination, cancellationToken);

    /// <inheritdoc />
    public async ValueTask AddDraftAsync(BatchDraft draft, CancellationToken cancellationToken) =>
        await Writer.CommitAsync(0, (batch, gatewayId) => DraftStatements.AddInsert(batch, draft, gatewayId), cancellationToken);

    /// <inheritdoc />
    public async ValueTask EndDraftAsync(
        long batchKey, DateTimeOffset endTime, byte[]? problems, CancellationToken cancellationToken)
    {
        await Writer.CommitAsync(
            0, (batch, _) => DraftStatements.AddEnd(batch, batchKey, endTime, problems), cancellationToken);
        _maintenance!.Signal();
    }

    /// <inheritdoc />
    public async ValueTask DeleteDraftAsync(long batchKey, CancellationToken cancellationToken)
    {
        await Writer.CommitAsync(0, (batch, _) => DraftStatements.AddDelete(batch, batchKey), cancellationToken);
        _maintenance!.Signal();
    }

    /// <inheritdoc />
    public ValueTask<BatchDraft?> FindDraftAsync(string owner, long batchKey, CancellationToken cancellationToken) =>
        Drafts.FindAsync(owner, batchKey, cancellationToken);

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<BatchDraft>> ListDraftsAsync(
        string owner, long beforeKey, int limit, CancellationToken cancellationToken) =>
        Drafts.ListAsync(owner, beforeKey, limit, cancellationToken);

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<BatchDraft>> ListOpenDraftsAsync(
        long afterKey, int limit, CancellationToken cancellationToken) =>
        Drafts.ListOpenAsync(afterKey, limit, cancellationToken);

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<BatchDraft>> ListDraftsToDeleteAsync(
        DateTimeOffset now, int limit, CancellationToken cancellationToken) =>
        Drafts.ListToDeleteAsync(now, limit, cancellationToken);

    /// <inheritdoc />
    public ValueTask<int> CountStagedAsync(long batchKey, CancellationToken cancellationToken) =>
        Drafts.CountStagedAsync(batchKey, cancellationToken);
}
