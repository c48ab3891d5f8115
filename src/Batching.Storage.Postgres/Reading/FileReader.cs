using Batching.Engine.Model;
using Batching.Storage.Postgres.Opening;
using Npgsql;

namespace Batching.Storage.Postgres.Reading;

/// <summary>The queries for files. Thread-safe.</summary>
internal sealed class FileReader(RowReader rows)
{
    private const string Columns = "file_key, owner, name, purpose, bytes, create_time_ms, expire_time_ms";

    // By the owner's index alone: see the migrations.
    public const string Find = $"SELECT {Columns} FROM files WHERE owner = $1 AND -file_key = -$2";

    public const string List =
        $"SELECT {Columns} FROM files WHERE owner = $1 AND -file_key > -$2 ORDER BY -file_key LIMIT $3";

    public const string ListToDelete =
        $"SELECT {Columns} FROM files WHERE expire_time_ms <= $1 ORDER BY expire_time_ms, file_key LIMIT $2";

    // A chunk of a file that is deleted may still be there, and one of a file that is not complete already.
    public const string Read =
        """
        SELECT substring(c.data FROM least($2 - c.first_byte, length(c.data))::integer + 1 FOR $3)
        FROM files f LEFT JOIN LATERAL (
            SELECT first_byte, data FROM file_chunks
            WHERE file_key = $1 AND first_byte <= $2 ORDER BY first_byte DESC LIMIT 1) c ON true
        WHERE f.file_key = $1
        """;

    public async ValueTask<FileRecord?> FindAsync(string owner, long fileKey, CancellationToken cancellationToken) =>
        (await rows.ListAsync(Find, ToFile, cancellationToken, Sql.OfUtf8(owner), Sql.Of(fileKey))).FirstOrDefault();

    public async ValueTask<IReadOnlyList<FileRecord>> ListAsync(
        string owner, long beforeKey, int limit, CancellationToken cancellationToken) =>
        await rows.ListAsync(List, ToFile, cancellationToken, Sql.OfUtf8(owner), Sql.Of(beforeKey), Sql.Of(limit));

    public async ValueTask<IReadOnlyList<FileRecord>> ListToDeleteAsync(
        DateTimeOffset now, int limit, CancellationToken cancellationToken) =>
        await rows.ListAsync(ListToDelete, ToFile, cancellationToken, Sql.Of(now.ToUnixTimeMilliseconds()), Sql.Of(limit));

    public async ValueTask<int?> ReadAsync(
        long fileKey, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        var parts = await rows.ListAsync(
            Read,
            static reader => RowReader.BytesOrNull(reader, 0),
            cancellationToken,
            Sql.Of(fileKey),
            Sql.Of(offset),
            Sql.Of(destination.Length));
        if (parts is not [var part])
        {
            return null;
        }

        part.CopyTo(destination);
        return part?.Length ?? 0;
    }

    private static FileRecord ToFile(NpgsqlDataReader reader) => new()
    {
        Key = reader.GetInt64(0),
        Owner = RowReader.Utf8Of(reader, 1),
        Name = RowReader.Utf8Of(reader, 2),
        Purpose = RowReader.Utf8Of(reader, 3),
        Bytes = reader.GetInt64(4),
        CreateTime = RowReader.TimeOf(reader, 5),
        ExpireTime = RowReader.TimeOf(reader, 6),
    };
}
