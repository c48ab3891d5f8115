using System.Text;
using Batching.Engine.Storage;
using Batching.Storage.Postgres.Opening;
using Batching.Storage.Postgres.Reading;
using Npgsql;

namespace Batching.Storage.Postgres.Writing;

/// <summary>
/// The statements that changes need where other gateways make some at the same time: rows are locked in one order before anything is
/// changed, so that two of them don't wait for each other, and what others have to learn is noted.
/// </summary>
internal static class SharedStatements
{
    private const string LockBatches =
        "SELECT 1 FROM batches WHERE batch_key = ANY ($1) ORDER BY batch_key FOR NO KEY UPDATE";

    // After the batches, as their changes do.
    private const string LockOwners =
        """
        SELECT 1 FROM owners WHERE owner IN (
            SELECT unnest($2) UNION SELECT owner FROM batches WHERE batch_key = ANY ($1))
        ORDER BY owner FOR NO KEY UPDATE
        """;

    private const string ReadBatches = $"SELECT {ReadSql.BatchColumns} FROM batches WHERE batch_key = ANY ($1)";

    private const string InsertChanges = "INSERT INTO batch_changes (batch_key, kind) SELECT unnest($1), $2";

    // Everybody has read them long ago, or is dead. The oldest does it for all.
    private const string RemoveChanges =
        """
        DELETE FROM batch_changes WHERE change_time < clock_timestamp() - interval '5 minutes'
            AND $1 = (SELECT min(gateway_id) FROM gateways WHERE NOT dead)
        """;

    private const string RemovePauses =
        """
        DELETE FROM upstream_pauses WHERE pause_until < clock_timestamp()
            AND $1 = (SELECT min(gateway_id) FROM gateways WHERE NOT dead)
        """;

    /// <summary>Removes what everybody has learned.</summary>
    public static async Task RemoveChangesAsync(NpgsqlConnection connection, long gatewayId)
    {
        await connection.RunAsync(RemoveChanges, Sql.Of(gatewayId));
        await connection.RunAsync(RemovePauses, Sql.Of(gatewayId));
    }

    /// <summary>Locks the rows that a group of changes is going to change.</summary>
    public static void AddLocks(NpgsqlBatch batch, IReadOnlyList<StoreWrite> writes)
    {
        long[] keys =
            [.. writes.Where(static write => write is not (StoreWrite.Accept or StoreWrite.Stage)).Select(write => write.BatchKey).Distinct()];
        if (keys.Length > 0)
        {
            batch.Add(LockBatches, Sql.Of(keys));
        }

        if (writes.Any(static write => write is not (StoreWrite.MarkStarted or StoreWrite.MoveReceivedMark or StoreWrite.Stage)))
        {
            byte[][] owners =
            [
                .. writes.OfType<StoreWrite.Accept>().Select(accept => accept.Batch.Owner).Distinct(StringComparer.Ordinal)
                    .Select(Encoding.UTF8.GetBytes),
            ];
            batch.Add(LockOwners, Sql.Of(keys), Sql.Of(owners));
        }
    }

    /// <summary>Reads batches as they are stored.</summary>
    public static void AddRead(NpgsqlBatch batch, long[] keys) => batch.Add(ReadBatches, Sql.Of(keys));

    /// <summary>Notes what other gateways have to learn.</summary>
    public static void AddChanges(NpgsqlBatch batch, IReadOnlyList<StoreWrite> writes)
    {
        Add<StoreWrite.Cancel>(BatchChange.Cancelled);
        Add<StoreWrite.Expire>(BatchChange.Expired);
        Add<StoreWrite.Delete>(BatchChange.Deleted);

        void Add<TWrite>(BatchChange change)
            where TWrite : StoreWrite
        {
            long[] keys = [.. writes.OfType<TWrite>().Select(write => write.BatchKey).Distinct()];
            if (keys.Length > 0)
            {
                batch.Add(InsertChanges, Sql.Of(keys), Sql.Of((int)change));
            }
        }
    }
}
