using Batching.Storage.Postgres.Opening;
using Npgsql;

namespace Batching.Storage.Postgres.Writing;

/// <summary>
/// The statements that end batches. By the batch's own row, which every read goes through, that takes effect at once; rows are
/// deleted in bounded steps, the first of them right here, which is all that most batches need.
/// </summary>
internal static class EndStatements
{
    // The payloads go with their partition.
    private const string Expire =
        """
        WITH changed AS (
            UPDATE batches SET expired = true WHERE batch_key = ANY ($1) AND NOT expired
            RETURNING batch_key, owner, payload_bytes),
        sums AS (SELECT owner, sum(payload_bytes) AS bytes FROM changed GROUP BY owner),
        counted AS (UPDATE owners o SET bytes = o.bytes - s.bytes FROM sums s WHERE o.owner = s.owner)
        INSERT INTO sweeps (batch_key, scope)
        SELECT c.batch_key, 1 FROM changed c WHERE EXISTS (SELECT 1 FROM started_requests s WHERE s.batch_key = c.batch_key)
        ON CONFLICT (batch_key) DO NOTHING
        """;

    private const string Delete =
        """
        WITH gone AS (
            DELETE FROM batches WHERE batch_key = ANY ($1)
            RETURNING batch_key, owner, total - finished AS running, open_until_ms,
                request_bytes + CASE WHEN expired THEN 0 ELSE payload_bytes END AS bytes),
        unstaged AS (DELETE FROM staged_batches WHERE batch_key = ANY ($1) RETURNING batch_key),
        sums AS (
            SELECT owner, count(*) FILTER (WHERE running > 0 OR open_until_ms IS NOT NULL) AS batches, sum(running) AS requests, sum(bytes) AS bytes
            FROM gone GROUP BY owner),
        counted AS (
            UPDATE owners o SET batches = o.batches - s.batches, requests = o.requests - s.requests, bytes = o.bytes - s.bytes
            FROM sums s WHERE o.owner = s.owner)
        INSERT INTO sweeps (batch_key, scope)
        SELECT batch_key, 2 FROM gone UNION ALL SELECT batch_key, 2 FROM unstaged
        ON CONFLICT (batch_key) DO UPDATE SET scope = 2
        """;

    // Those that still wait outlive their batch.
    private const string DeleteMessages = "DELETE FROM webhook_messages WHERE batch_key = ANY ($1) AND state <> 1";

    private const string DeleteRuns = "DELETE FROM request_runs WHERE batch_key = ANY ($1)";

    private const string DeleteDeliveries = "DELETE FROM deliveries WHERE batch_key = ANY ($1)";

    private const string RemoveEmptyOwners = "DELETE FROM owners WHERE batches = 0 AND bytes = 0";

    /// <summary>Marks batches as expired.</summary>
    public static void AddExpire(NpgsqlBatch batch, long[] keys) => batch.Add(Expire, Sql.Of(keys));

    /// <summary>Deletes batches.</summary>
    public static void AddDelete(NpgsqlBatch batch, long[] keys)
    {
        batch.Add(Delete, Sql.Of(keys));
        batch.Add(DeleteMessages, Sql.Of(keys));
        batch.Add(DeleteRuns, Sql.Of(keys));
        batch.Add(DeleteDeliveries, Sql.Of(keys));
        AddRest(batch, keys);
    }

    /// <summary>Adds what follows any deletion: the first step of it, and the end of owners that have nothing left.</summary>
    public static void AddRest(NpgsqlBatch batch, long[] keys)
    {
        batch.Add(RemoveEmptyOwners);
        RowSweeper.AddStep(batch, keys);
    }
}
