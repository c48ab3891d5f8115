using Batching.Engine.Model;
using Batching.Storage.Postgres.Opening;
using Npgsql;

namespace Batching.Storage.Postgres.Writing;

/// <summary>The statements that change drafts.</summary>
internal static class DraftStatements
{
    private const string Insert =
        """
        INSERT INTO drafts (batch_key, owner, create_time_ms, delete_time_ms, credential, peer, trace, attributes, gateway_id)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """;

    private const string End =
        """
        WITH changed AS (
            UPDATE drafts SET end_time_ms = $2, problems = $3, credential = NULL WHERE batch_key = $1 AND end_time_ms IS NULL
            RETURNING batch_key, owner, coalesce(length(problems), 0) AS bytes),
        unstaged AS (
            DELETE FROM staged_batches s USING changed c WHERE s.batch_key = c.batch_key RETURNING s.batch_key),
        swept AS (
            INSERT INTO sweeps (batch_key, scope) SELECT batch_key, 2 FROM unstaged
            ON CONFLICT (batch_key) DO UPDATE SET scope = 2)
        INSERT INTO owners AS o (owner, batches, requests, bytes) SELECT owner, 0, 0, bytes FROM changed WHERE bytes > 0
        ON CONFLICT (owner) DO UPDATE SET bytes = o.bytes + excluded.bytes
        """;

    // What is staged is left to the batch that it has become.
    private const string Remove =
        """
        WITH gone AS (
            DELETE FROM drafts WHERE batch_key = ANY ($1)
            RETURNING owner, length(attributes) + coalesce(length(problems), 0) AS bytes),
        sums AS (SELECT owner, sum(bytes) AS bytes FROM gone GROUP BY owner)
        UPDATE owners o SET bytes = o.bytes - s.bytes FROM sums s WHERE o.owner = s.owner
        """;

    private const string Unstage =
        """
        WITH unstaged AS (DELETE FROM staged_batches WHERE batch_key = $1 RETURNING batch_key)
        INSERT INTO sweeps (batch_key, scope) SELECT batch_key, 2 FROM unstaged
        ON CONFLICT (batch_key) DO UPDATE SET scope = 2
        """;

    /// <summary>Stores a draft.</summary>
    public static void AddInsert(NpgsqlBatch batch, BatchDraft draft, long gatewayId)
    {
        batch.Add(
            Insert,
            Sql.Of(draft.Key),
            Sql.OfUtf8(draft.Owner),
            Sql.Of(draft.CreateTime.ToUnixTimeMilliseconds()),
            Sql.Of(draft.DeleteTime.ToUnixTimeMilliseconds()),
            Sql.OfNullable(draft.Credential),
            Sql.OfNullable(draft.Peer),
            Sql.OfNullable(draft.Trace),
            Sql.Of(draft.Attributes),
            Sql.Of(gatewayId));
        FileStatements.AddCount(batch, draft.Owner, draft.Attributes.Length);
    }

    /// <summary>Gives a draft up, and deletes what is staged of it.</summary>
    public static void AddEnd(NpgsqlBatch batch, long batchKey, DateTimeOffset endTime, byte[]? problems)
    {
        batch.Add(End, Sql.Of(batchKey), Sql.Of(endTime.ToUnixTimeMilliseconds()), Sql.OfNullable(problems));
        RowSweeper.AddStep(batch, [batchKey]);
    }

    /// <summary>Deletes the drafts of batches that are accepted.</summary>
    public static void AddRemove(NpgsqlBatch batch, long[] keys) => batch.Add(Remove, Sql.Of(keys));

    /// <summary>Deletes a draft, and what is staged of it.</summary>
    public static void AddDelete(NpgsqlBatch batch, long batchKey)
    {
        AddRemove(batch, [batchKey]);
        batch.Add(Unstage, Sql.Of(batchKey));
        EndStatements.AddRest(batch, [batchKey]);
    }
}
