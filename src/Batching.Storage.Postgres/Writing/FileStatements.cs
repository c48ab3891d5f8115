using Batching.Engine.Model;
using Batching.Storage.Postgres.Opening;
using Npgsql;

namespace Batching.Storage.Postgres.Writing;

/// <summary>The statements that change files.</summary>
internal static class FileStatements
{
    private const string Stage =
        """
        INSERT INTO staged_batches AS s (batch_key, gateway_id, request_bytes) VALUES ($1, $2, $3)
        ON CONFLICT (batch_key) DO UPDATE SET request_bytes = s.request_bytes + excluded.request_bytes
        """;

    private const string InsertChunks =
        "INSERT INTO file_chunks (file_key, first_byte, data) SELECT $1, unnest($2), unnest($3)";

    private const string Insert =
        """
        WITH unstaged AS (DELETE FROM staged_batches WHERE batch_key = $1)
        INSERT INTO files (file_key, owner, name, purpose, bytes, create_time_ms, expire_time_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        """;

    // An owner who has nothing has no row.
    private const string Count =
        """
        INSERT INTO owners AS o (owner, batches, requests, bytes) SELECT $1, 0, 0, $2 WHERE $2 > 0
        ON CONFLICT (owner) DO UPDATE SET bytes = o.bytes + excluded.bytes
        """;

    private const string Exists =
        """
        SELECT EXISTS (SELECT 1 FROM files WHERE file_key = $1) OR EXISTS (SELECT 1 FROM staged_batches WHERE batch_key = $1)
        """;

    private const string Delete =
        """
        WITH gone AS (DELETE FROM files WHERE file_key = $1 RETURNING file_key, owner, bytes),
        unstaged AS (DELETE FROM staged_batches WHERE batch_key = $1 RETURNING batch_key),
        counted AS (UPDATE owners o SET bytes = o.bytes - g.bytes FROM gone g WHERE o.owner = g.owner)
        INSERT INTO sweeps (batch_key, scope)
        SELECT file_key, 2 FROM gone UNION SELECT batch_key, 2 FROM unstaged
        ON CONFLICT (batch_key) DO UPDATE SET scope = 2
        """;

    /// <summary>Stores bytes of a file that is not added yet.</summary>
    public static void AddStage(NpgsqlBatch batch, long gatewayId, long fileKey, long offset, IReadOnlyList<byte[]> chunks)
    {
        var offsets = new long[chunks.Count];
        var next = offset;
        for (var i = 0; i < offsets.Length; i++)
        {
            offsets[i] = next;
            next += chunks[i].Length;
        }

        batch.Add(Stage, Sql.Of(fileKey), Sql.Of(gatewayId), Sql.Of(next - offset));
        batch.Add(InsertChunks, Sql.Of(fileKey), Sql.Of(offsets), Sql.Of([.. chunks]));
    }

    /// <summary>Stores a file whose bytes are there.</summary>
    public static void AddInsert(NpgsqlBatch batch, FileRecord file)
    {
        batch.Add(
            Insert,
            Sql.Of(file.Key),
            Sql.OfUtf8(file.Owner),
            Sql.OfUtf8(file.Name),
            Sql.OfUtf8(file.Purpose),
            Sql.Of(file.Bytes),
            Sql.Of(file.CreateTime.ToUnixTimeMilliseconds()),
            Sql.Of(file.ExpireTime.ToUnixTimeMilliseconds()));
        AddCount(batch, file.Owner, file.Bytes);
    }

    /// <summary>Finds out whether there is a file, or something staged of one.</summary>
    public static async Task<bool> ExistsAsync(NpgsqlConnection connection, long fileKey) =>
        await connection.ScalarAsync(Exists, Sql.Of(fileKey)) is true;

    /// <summary>Deletes a file, or what is staged of one.</summary>
    public static void AddDelete(NpgsqlBatch batch, long fileKey)
    {
        batch.Add(Delete, Sql.Of(fileKey));
        EndStatements.AddRest(batch, [fileKey]);
    }

    /// <summary>Counts bytes that an owner has added beside batches.</summary>
    public static void AddCount(NpgsqlBatch batch, string owner, long bytes) =>
        batch.Add(Count, Sql.OfUtf8(owner), Sql.Of(bytes));
}
