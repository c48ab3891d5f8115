using Batching.Storage.Postgres.Opening;
using Npgsql;

namespace Batching.Storage.Postgres.Writing;

/// <summary>
/// Deletes rows of batches and files that are gone in bounded steps, so that the end of a batch of a million requests keeps nobody waiting.
/// What is left to do is noted in <c>sweeps</c>, and done also after a restart or by another gateway.
/// </summary>
internal sealed class RowSweeper(Database database, long gatewayId)
{
    // Rows of each table in a step, and batches.
    private const int RowsPerStep = 256;
    private const int BatchesPerStep = 64;

    // The oldest does it for all.
    private const string Find = "SELECT batch_key FROM sweeps WHERE $2 = (SELECT min(gateway_id) FROM gateways WHERE NOT dead) ORDER BY batch_key LIMIT $1";

    private const string DeleteStarts =
        """
        DELETE FROM started_requests WHERE (batch_key, start_id) IN (
            SELECT s.batch_key, s.start_id FROM sweeps w JOIN started_requests s ON s.batch_key = w.batch_key
            WHERE w.batch_key = ANY ($1) LIMIT $2)
        """;

    private const string DeleteWindows =
        """
        DELETE FROM request_windows WHERE (batch_key, first_index) IN (
            SELECT r.batch_key, r.first_index FROM sweeps w JOIN request_windows r ON r.batch_key = w.batch_key
            WHERE w.batch_key = ANY ($1) AND w.scope = 2 LIMIT $2)
        """;

    private const string DeleteSegments =
        """
        DELETE FROM result_segments WHERE (batch_key, first_position) IN (
            SELECT r.batch_key, r.first_position FROM sweeps w JOIN result_segments r ON r.batch_key = w.batch_key
            WHERE w.batch_key = ANY ($1) AND w.scope = 2 LIMIT $2)
        """;

    private const string DeletePayloads =
        """
        DELETE FROM result_payloads WHERE (batch_key, first_position, expire_hour) IN (
            SELECT p.batch_key, p.first_position, p.expire_hour FROM sweeps w JOIN result_payloads p ON p.batch_key = w.batch_key
            WHERE w.batch_key = ANY ($1) AND w.scope = 2 LIMIT $2)
        """;

    private const string DeleteChunks =
        """
        DELETE FROM file_chunks WHERE (file_key, first_byte) IN (
            SELECT c.file_key, c.first_byte FROM sweeps w JOIN file_chunks c ON c.file_key = w.batch_key
            WHERE w.batch_key = ANY ($1) AND w.scope = 2 LIMIT $2)
        """;

    private const string RemoveDone =
        """
        DELETE FROM sweeps w WHERE w.batch_key = ANY ($1)
            AND NOT EXISTS (SELECT 1 FROM started_requests s WHERE s.batch_key = w.batch_key)
            AND (w.scope = 1 OR (
                NOT EXISTS (SELECT 1 FROM request_windows r WHERE r.batch_key = w.batch_key)
                AND NOT EXISTS (SELECT 1 FROM result_segments r WHERE r.batch_key = w.batch_key)
                AND NOT EXISTS (SELECT 1 FROM file_chunks c WHERE c.file_key = w.batch_key)
                AND NOT EXISTS (SELECT 1 FROM result_payloads p WHERE p.batch_key = w.batch_key)))
        """;

    /// <summary>Adds one step for some batches, as far as they are noted in <c>sweeps</c>.</summary>
    public static void AddStep(NpgsqlBatch batch, long[] keys)
    {
        batch.Add(DeleteStarts, Sql.Of(keys), Sql.Of(RowsPerStep));
        batch.Add(DeletePayloads, Sql.Of(keys), Sql.Of(RowsPerStep));
        batch.Add(DeleteSegments, Sql.Of(keys), Sql.Of(RowsPerStep));
        batch.Add(DeleteWindows, Sql.Of(keys), Sql.Of(RowsPerStep));
        batch.Add(DeleteChunks, Sql.Of(keys), Sql.Of(RowsPerStep));
        batch.Add(RemoveDone, Sql.Of(keys));
    }

    /// <summary>Does a step of what is noted.</summary>
    /// <returns>False if there was nothing to do.</returns>
    public async Task<bool> StepAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.RentAsync(cancellationToken);
        var keys = new List<long>();
        await using (var command = connection.Command(Find, Sql.Of(BatchesPerStep), Sql.Of(gatewayId)))
        await using (var reader = await command.ExecuteReaderAsync(CancellationToken.None))
        {
            while (await reader.ReadAsync(CancellationToken.None))
            {
                keys.Add(reader.GetInt64(0));
            }
        }

        if (keys.Count == 0)
        {
            return false;
        }

        await using var batch = connection.CreateBatch();
        batch.Add("SELECT check_alive($1)", Sql.Of(gatewayId));
        AddStep(batch, [.. keys]);
        await batch.ExecuteNonQueryAsync(CancellationToken.None);
        return true;
    }
}
