using Batching.Engine.Model;
using Batching.Engine.Storage;
using Batching.Storage.Postgres.Opening;
using Npgsql;

namespace Batching.Storage.Postgres.Writing;

/// <summary>The statements that store results, all of a run at once. Those of batches that are gone have no effect.</summary>
internal static class AppendStatements
{
    private const string UpdateBatches =
        """
        WITH new AS MATERIALIZED (
            SELECT unnest($1) AS batch_key, unnest($2) AS total, unnest($3) AS finished, unnest($4) AS failed, unnest($5) AS size,
                unnest($6) AS done, unnest($7) AS credential, unnest($8) AS capacity, unnest($9) AS runs, unnest($10) AS requests,
                unnest($11) AS payloads, unnest($12) AS running_batches, unnest($13) AS running_requests,
                unnest($14) AS open_until, unnest($15) AS appends),
        changed AS (
            UPDATE batches b SET total = n.total, finished = n.finished, failed = n.failed, response_size = n.size,
                done_time_ms = n.done, credential = n.credential, capacity = n.capacity, number_runs = n.runs,
                open_until_ms = n.open_until, appends = n.appends,
                request_bytes = b.request_bytes + n.requests,
                payload_bytes = b.payload_bytes + CASE WHEN b.expired THEN 0 ELSE n.payloads END
            FROM new n WHERE b.batch_key = n.batch_key
            RETURNING b.owner, n.running_batches, n.running_requests,
                n.requests + CASE WHEN b.expired THEN 0 ELSE n.payloads END AS bytes),
        sums AS (
            SELECT owner, sum(running_batches) AS batches, sum(running_requests) AS requests, sum(bytes) AS bytes
            FROM changed GROUP BY owner)
        UPDATE owners o SET batches = o.batches + s.batches, requests = o.requests + s.requests, bytes = o.bytes + s.bytes
        FROM sums s WHERE o.owner = s.owner
        """;

    private const string InsertSegments =
        """
        INSERT INTO result_segments (batch_key, first_position, result_count, entries)
        SELECT * FROM (SELECT unnest($1) AS batch_key, unnest($2), unnest($3), unnest($4)) s
        WHERE EXISTS (SELECT 1 FROM batches b WHERE b.batch_key = s.batch_key)
        """;

    private const string InsertPayloads =
        """
        INSERT INTO result_payloads (batch_key, first_position, expire_hour, payload)
        SELECT p.batch_key, p.first_position, b.expire_hour, p.payload
        FROM (SELECT unnest($1) AS batch_key, unnest($2) AS first_position, unnest($3) AS payload) p
        JOIN batches b ON b.batch_key = p.batch_key AND NOT b.expired
        """;

    // The last result makes it pointless to know what was started.
    private const string SweepStarts =
        """
        INSERT INTO sweeps (batch_key, scope)
        SELECT done.batch_key, 1 FROM unnest($1) AS done (batch_key)
        WHERE EXISTS (SELECT 1 FROM started_requests s WHERE s.batch_key = done.batch_key)
        ON CONFLICT (batch_key) DO NOTHING
        """;

    private const string RemoveRuns = "DELETE FROM request_runs WHERE batch_key = ANY ($1)";

    /// <summary>Stores results, and what they have spawned.</summary>
    public static void Add(NpgsqlBatch batch, IReadOnlyList<StoreWrite.AppendResults> appends)
    {
        BatchRecord[] records = [.. appends.Select(append => append.Batch)];
        int[] running = [.. appends.Select(RunningOf)];
        batch.Add(
            UpdateBatches,
            Sql.Of([.. records.Select(record => record.Key)]),
            Sql.Of([.. records.Select(record => record.Total)]),
            Sql.Of([.. records.Select(record => record.Finished)]),
            Sql.Of([.. records.Select(record => record.Failed)]),
            Sql.Of([.. records.Select(record => record.ResponseSize)]),
            Sql.Of([.. records.Select(record => record.DoneTime?.ToUnixTimeMilliseconds())]),
            Sql.Of([.. records.Select(record => record.Credential)]),
            Sql.Of([.. records.Select(record => record.Capacity)]),
            Sql.Of([.. records.Select(record => record.Runs.Encode())]),
            Sql.Of([.. appends.Select(append => AcceptStatements.BytesOf(append.Spawned))]),
            Sql.Of([.. appends.Select(append => append.Segments.Sum(segment => (long)(segment.Payload?.Length ?? 0)))]),
            Sql.Of([.. appends.Select((append, i) => (append.Batch.IsUnfinished ? 1 : 0) - (WasUnfinished(append, running[i]) ? 1 : 0))]),
            Sql.Of(running),
            Sql.Of([.. records.Select(record => record.OpenUntil?.ToUnixTimeMilliseconds())]),
            Sql.Of([.. records.Select(record => record.Appends?.Encode())]));
        (long BatchKey, ResultSegment Segment)[] rows =
            [.. appends.SelectMany(append => append.Segments.Select(segment => (append.BatchKey, segment)))];
        if (rows.Length > 0)
        {
            batch.Add(
                InsertSegments,
                Sql.Of([.. rows.Select(row => row.BatchKey)]),
                Sql.Of([.. rows.Select(row => row.Segment.FirstPosition)]),
                Sql.Of([.. rows.Select(row => row.Segment.Count)]),
                Sql.Of([.. rows.Select(row => row.Segment.Entries)]));
        }

        rows = [.. rows.Where(row => row.Segment.Payload is not null)];
        if (rows.Length > 0)
        {
            batch.Add(
                InsertPayloads,
                Sql.Of([.. rows.Select(row => row.BatchKey)]),
                Sql.Of([.. rows.Select(row => row.Segment.FirstPosition)]),
                Sql.Of([.. rows.Select(row => row.Segment.Payload)]));
        }

        AcceptStatements.AddSpawned(batch, appends);
        long[] done = [.. records.Where(record => record.DoneTime is not null).Select(record => record.Key)];
        if (done.Length > 0)
        {
            batch.Add(SweepStarts, Sql.Of(done));
        }

        long[] shared = [.. records.Where(record => record.IsShared && record.DoneTime is not null).Select(record => record.Key)];
        if (shared.Length > 0)
        {
            batch.Add(RemoveRuns, Sql.Of(shared));
        }
    }

    private static bool WasUnfinished(StoreWrite.AppendResults append, int running) =>
        append.Batch.Running > running || append.Batch.IsOpen || append.Seals;

    // How many more requests run than before.
    private static int RunningOf(StoreWrite.AppendResults append) =>
        append.Spawned.Sum(window => window.Count) - append.Segments.Sum(segment => segment.Count);
}
