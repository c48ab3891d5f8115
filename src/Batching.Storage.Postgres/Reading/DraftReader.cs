using Batching.Engine.Model;
using Batching.Storage.Postgres.Opening;
using Npgsql;

namespace Batching.Storage.Postgres.Reading;

/// <summary>The queries for drafts. Thread-safe.</summary>
internal sealed class DraftReader(RowReader rows)
{
    public const string Columns =
        "batch_key, owner, create_time_ms, delete_time_ms, end_time_ms, credential, peer, trace, attributes, problems";

    // By the owner's index alone: see the migrations.
    public const string Find = $"SELECT {Columns} FROM drafts WHERE owner = $1 AND -batch_key = -$2";

    public const string List =
        $"SELECT {Columns} FROM drafts WHERE owner = $1 AND -batch_key > -$2 ORDER BY -batch_key LIMIT $3";

    public const string ListOpen =
        $"SELECT {Columns} FROM drafts WHERE end_time_ms IS NULL AND batch_key > $1 ORDER BY batch_key LIMIT $2";

    public const string ListToDelete =
        $"SELECT {Columns} FROM drafts WHERE delete_time_ms <= $1 ORDER BY delete_time_ms, batch_key LIMIT $2";

    public const string CountStaged =
        "SELECT first_index + request_count FROM request_windows WHERE batch_key = $1 ORDER BY first_index DESC LIMIT 1";

    public async ValueTask<BatchDraft?> FindAsync(string owner, long batchKey, CancellationToken cancellationToken) =>
        (await rows.ListAsync(Find, ToDraft, cancellationToken, Sql.OfUtf8(owner), Sql.Of(batchKey))).FirstOrDefault();

    public async ValueTask<IReadOnlyList<BatchDraft>> ListAsync(
        string owner, long beforeKey, int limit, CancellationToken cancellationToken) =>
        await rows.ListAsync(List, ToDraft, cancellationToken, Sql.OfUtf8(owner), Sql.Of(beforeKey), Sql.Of(limit));

    public async ValueTask<IReadOnlyList<BatchDraft>> ListOpenAsync(
        long afterKey, int limit, CancellationToken cancellationToken) =>
        await rows.ListAsync(ListOpen, ToDraft, cancellationToken, Sql.Of(afterKey), Sql.Of(limit));

    public async ValueTask<IReadOnlyList<BatchDraft>> ListToDeleteAsync(
        DateTimeOffset now, int limit, CancellationToken cancellationToken) =>
        await rows.ListAsync(ListToDelete, ToDraft, cancellationToken, Sql.Of(now.ToUnixTimeMilliseconds()), Sql.Of(limit));

    public async ValueTask<int> CountStagedAsync(long batchKey, CancellationToken cancellationToken) =>
        (await rows.ListAsync(CountStaged, static reader => reader.GetInt32(0), cancellationToken, Sql.Of(batchKey)))
        .FirstOrDefault();

    /// <summary>Makes a draft of a row with <see cref="Columns"/>.</summary>
    public static BatchDraft ToDraft(NpgsqlDataReader reader) => new()
    {
        Key = reader.GetInt64(0),
        Owner = RowReader.Utf8Of(reader, 1),
        CreateTime = RowReader.TimeOf(reader, 2),
        DeleteTime = RowReader.TimeOf(reader, 3),
        EndTime = RowReader.TimeOrNull(reader, 4),
        Credential = RowReader.BytesOrNull(reader, 5),
        Peer = RowReader.TextOrNull(reader, 6),
        Trace = RowReader.TextOrNull(reader, 7),
        Attributes = RowReader.BytesOf(reader, 8),
        Problems = RowReader.BytesOrNull(reader, 9),
    };
}
