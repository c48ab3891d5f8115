using Batching.Engine.Model;
using Batching.Engine.Storage;
using Batching.Storage.Postgres.Opening;
using Npgsql;

namespace Batching.Storage.Postgres.Writing;

/// <summary>
/// Appends to batches of several gateways, with counters and positions that are computed here: in one round trip, so that the
/// batches are locked for no longer than the commit takes.
/// </summary>
internal static class SharedAppend
{
    private const string UpdateBatches =
        """
        WITH new AS MATERIALIZED (
            SELECT unnest($1) AS batch_key, unnest($2) AS results, unnest($3) AS failed, unnest($4) AS size, unnest($5) AS payloads,
                unnest($6) AS done),
        changed AS (
            UPDATE batches b SET finished = b.finished + n.results, failed = b.failed + n.failed,
                response_size = b.response_size + n.size,
                done_time_ms = CASE WHEN b.finished + n.results = b.total THEN n.done END,
                credential = CASE WHEN b.finished + n.results < b.total THEN b.credential END,
                payload_bytes = b.payload_bytes + CASE WHEN b.expired THEN 0 ELSE n.payloads END
            FROM new n WHERE b.batch_key = n.batch_key
            RETURNING b.owner, CASE WHEN b.finished = b.total THEN 1 ELSE 0 END AS done, n.results,
                CASE WHEN b.expired THEN 0 ELSE n.payloads END AS bytes),
        sums AS (
            SELECT owner, sum(done) AS batches, sum(results) AS requests, sum(bytes) AS bytes FROM changed GROUP BY owner)
        UPDATE owners o SET batches = o.batches - s.batches, requests = o.requests - s.requests, bytes = o.bytes + s.bytes
        FROM sums s WHERE o.owner = s.owner
        """;

    // Positions from the first of these results on.
    private const string InsertSegments =
        """
        INSERT INTO result_segments (batch_key, first_position, result_count, entries)
        SELECT s.batch_key, b.finished - s.results + s.first, s.result_count, s.entries
        FROM (SELECT unnest($1) AS batch_key, unnest($2) AS results, unnest($3) AS first, unnest($4) AS result_count,
            unnest($5) AS entries) s
        JOIN batches b ON b.batch_key = s.batch_key
        """;

    private const string InsertPayloads =
        """
        INSERT INTO result_payloads (batch_key, first_position, expire_hour, payload)
        SELECT p.batch_key, b.finished - p.results + p.first, b.expire_hour, p.payload
        FROM (SELECT unnest($1) AS batch_key, unnest($2) AS results, unnest($3) AS first, unnest($4) AS payload) p
        JOIN batches b ON b.batch_key = p.batch_key AND NOT b.expired
        """;

    // The last result makes it pointless to know what was started, and who has run what.
    private const string SweepStarts =
        """
        INSERT INTO sweeps (batch_key, scope)
        SELECT b.batch_key, 1 FROM batches b WHERE b.batch_key = ANY ($1) AND b.finished = b.total
            AND EXISTS (SELECT 1 FROM started_requests s WHERE s.batch_key = b.batch_key)
        ON CONFLICT (batch_key) DO NOTHING
        """;

    private const string RemoveRuns =
        """
        DELETE FROM request_runs r USING batches b
        WHERE b.batch_key = ANY ($1) AND b.finished = b.total AND r.batch_key = b.batch_key
        """;

    /// <summary>Whether a group can be committed in this way: all of its appends to such batches, and one for each batch.</summary>
    public static bool Suffices(IReadOnlyList<StoreWrite> writes)
    {
        var appends = writes.OfType<StoreWrite.AppendShared>().ToList();
        return appends.TrueForAll(static append => append.Relative is not null)
            && appends.DistinctBy(append => append.BatchKey).Count() == appends.Count;
    }

    /// <summary>Adds the appends, behind everything else of the group, and reads what has become of the batches.</summary>
    public static void Add(NpgsqlBatch batch, IReadOnlyList<StoreWrite.AppendShared> appends)
    {
        long[] keys = [.. appends.Select(append => append.BatchKey)];
        StoreWrite.AppendResults[] relative = [.. appends.Select(append => append.Relative!)];
        batch.Add(
            UpdateBatches,
            Sql.Of(keys),
            Sql.Of([.. relative.Select(append => append.Batch.Finished)]),
            Sql.Of([.. relative.Select(append => append.Batch.Failed)]),
            Sql.Of([.. relative.Select(append => append.Batch.ResponseSize)]),
            Sql.Of([.. relative.Select(append => append.Segments.Sum(segment => (long)(segment.Payload?.Length ?? 0)))]),
            Sql.Of([.. appends.Select(append => append.Time.ToUnixTimeMilliseconds())]));
        (StoreWrite.AppendResults Append, ResultSegment Segment)[] rows =
            [.. relative.SelectMany(append => append.Segments.Select(segment => (append, segment)))];
        batch.Add(
            InsertSegments,
            Sql.Of([.. rows.Select(row => row.Append.BatchKey)]),
            Sql.Of([.. rows.Select(row => row.Append.Batch.Finished)]),
            Sql.Of([.. rows.Select(row => row.Segment.FirstPosition)]),
            Sql.Of([.. rows.Select(row => row.Segment.Count)]),
            Sql.Of([.. rows.Select(row => row.Segment.Entries)]));
        rows = [.. rows.Where(row => row.Segment.Payload is not null)];
        if (rows.Length > 0)
        {
            batch.Add(
                InsertPayloads,
                Sql.Of([.. rows.Select(row => row.Append.BatchKey)]),
                Sql.Of([.. rows.Select(row => row.Append.Batch.Finished)]),
                Sql.Of([.. rows.Select(row => row.Segment.FirstPosition)]),
                Sql.Of([.. rows.Select(row => row.Segment.Payload)]));
        }

        batch.Add(SweepStarts, Sql.Of(keys));
        batch.Add(RemoveRuns, Sql.Of(keys));
        SharedStatements.AddRead(batch, keys);
    }

    /// <summary>Runs what was added, and says what has become of the batches; of one that is gone nothing.</summary>
    public static async Task<IReadOnlyList<(StoreWrite.AppendShared Write, StoreWrite.AppendResults Made)>> RunAsync(
        NpgsqlBatch batch, IReadOnlyList<StoreWrite.AppendShared> appends)
    {
        var records = await SharedCommit.ReadBatchesAsync(batch);
        return [.. appends.Where(append => records.ContainsKey(append.BatchKey)).Select(append => (append, MadeOf(append, records[append.BatchKey])))];
    }

    private static StoreWrite.AppendResults MadeOf(StoreWrite.AppendShared append, BatchRecord after)
    {
        var before = after.Finished - append.Relative!.Batch.Finished;
        return append.Relative with
        {
            Batch = after,
            Segments =
            [
                .. append.Relative.Segments.Select(segment =>
                    new ResultSegment(before + segment.FirstPosition, segment.Entries, segment.Payload)),
            ],
        };
    }
}
