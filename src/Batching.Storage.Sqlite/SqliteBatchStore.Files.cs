using Batching.Engine.Model;
using Batching.Engine.Storage;

namespace Batching.Storage.Sqlite;

/// <content>Files and drafts.</content>
public sealed partial class SqliteBatchStore : IFileStore, IDraftStore
{
    /// <inheritdoc />
    public async ValueTask StageFileAsync(
        long fileKey, long offset, IReadOnlyList<byte[]> chunks, CancellationToken cancellationToken) =>
        await Writer.RunAsync(
            session =>
            {
                session.Files.Stage(fileKey, offset, chunks);
                return true;
            },
            mayUseReserve: false,
            cancellationToken);

    /// <inheritdoc />
    public async ValueTask AddFileAsync(FileRecord file, CancellationToken cancellationToken) =>
        await Writer.RunAsync(
            session =>
            {
                session.Files.Add(file);
                return true;
            },
            mayUseReserve: false,
            cancellationToken);

    /// <inheritdoc />
    public async ValueTask<bool> DeleteFileAsync(long fileKey, CancellationToken cancellationToken) =>
        await Writer.RunAsync(session => session.Files.Delete(fileKey), mayUseReserve: true, cancellationToken);

    /// <inheritdoc />
    public ValueTask<FileRecord?> FindFileAsync(string owner, long fileKey, CancellationToken cancellationToken) =>
        Read((owner, fileKey), static (session, x) => session.Files.Find(x.owner, x.fileKey), cancellationToken);

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<FileRecord>> ListFilesAsync(
        string owner, long beforeKey, int limit, CancellationToken cancellationToken) =>
        Read(
            (owner, beforeKey, limit),
            static (session, x) => session.Files.List(x.owner, x.beforeKey, x.limit),
            cancellationToken);

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<FileRecord>> ListFilesToDeleteAsync(
        DateTimeOffset now, int limit, CancellationToken cancellationToken) =>
        Read((now, limit), static (session, x) => session.Files.ListToDelete(x.now, x.limit), cancellationToken);

    /// <inheritdoc />
    public ValueTask<int?> ReadFileAsync(
        long fileKey, long offset, Memory<byte> destination, CancellationToken cancellationToken) =>
        Read(
            (fileKey, offset, destination),
            static (session, x) => session.Files.Read(x.fileKey, x.offset, x.destination.Span),
            cancellationToken);

    /// <inheritdoc />
    public async ValueTask AddDraftAsync(BatchDraft draft, CancellationToken cancellationToken) =>
        await Writer.RunAsync(
            session =>
            {
                session.Drafts.Add(draft);
                return true;
            },
            mayUseReserve: false,
            cancellationToken);

    /// <inheritdoc />
    public async ValueTask EndDraftAsync(
        long batchKey, DateTimeOffset endTime, byte[]? problems, CancellationToken cancellationToken) =>
        await Writer.RunAsync(
            session =>
            {
                session.Drafts.End(batchKey, endTime, problems);
                return true;
            },
            mayUseReserve: true,
            cancellationToken);

    /// <inheritdoc />
    public async ValueTask DeleteDraftAsync(long batchKey, CancellationToken cancellationToken) =>
        await Writer.RunAsync(
            session =>
            {
                session.Drafts.Delete(batchKey);
                return true;
            },
            mayUseReserve: true,
            cancellationToken);

    /// <inheritdoc />
    public ValueTask<BatchDraft?> FindDraftAsync(
        string owner, long batchKey, CancellationToken cancellationToken) =>
        Read((owner, batchKey), static (session, x) => session.Drafts.Find(x.owner, x.batchKey), cancellationToken);

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<BatchDraft>> ListDraftsAsync(
        string owner, long beforeKey, int limit, CancellationToken cancellationToken) =>
        Read(
            (owner, beforeKey, limit),
            static (session, x) => session.Drafts.List(x.owner, x.beforeKey, x.limit),
            cancellationToken);

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<BatchDraft>> ListOpenDraftsAsync(
        long afterKey, int limit, CancellationToken cancellationToken) =>
        Read((afterKey, limit), static (session, x) => session.Drafts.ListOpen(x.afterKey, x.limit), cancellationToken);

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<BatchDraft>> ListDraftsToDeleteAsync(
        DateTimeOffset now, int limit, CancellationToken cancellationToken) =>
        Read((now, limit), static (session, x) => session.Drafts.ListToDelete(x.now, x.limit), cancellationToken);

    /// <inheritdoc />
    public ValueTask<int> CountStagedAsync(long batchKey, CancellationToken cancellationToken) =>
        Read(batchKey, static (session, key) => session.Drafts.CountStaged(key), cancellationToken);
}
