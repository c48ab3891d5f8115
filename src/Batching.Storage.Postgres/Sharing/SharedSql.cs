using Batching.Storage.Postgres.Reading;

namespace Batching.Storage.Postgres.Sharing;

/// <summary>The statements by which gateways share the work.</summary>
internal static class SharedSql
{
    /// <summary>The number of open batches that are looked at.</summary>
    public const int OpenBatches = 256;

    public const string CheckAlive = "SELECT check_alive($1)";

    // How many there are, and how many are older.
    public const string CountGateways =
        "SELECT count(*)::integer, (count(*) FILTER (WHERE gateway_id < $1))::integer FROM gateways WHERE NOT dead";

    public const string ListPauses =
        """
        SELECT upstream, owner, pause_until - clock_timestamp() FROM upstream_pauses WHERE pause_until > clock_timestamp() LIMIT 1000
        """;

    public const string Pause =
        """
        INSERT INTO upstream_pauses AS p (upstream, owner, pause_until) VALUES ($1, $2, clock_timestamp() + $3)
        ON CONFLICT (upstream, owner) DO UPDATE SET pause_until = greatest(p.pause_until, excluded.pause_until)
        """;

    // From one batch to the next in the index of free runs, however many runs each of them has.
    public const string ListOpen =
        """
        WITH RECURSIVE open AS (
            (SELECT batch_key FROM request_runs WHERE gateway_id IS NULL AND batch_key > $3 ORDER BY batch_key LIMIT 1)
            UNION ALL
            SELECT (SELECT r.batch_key FROM request_runs r WHERE r.gateway_id IS NULL AND r.batch_key > open.batch_key
                    ORDER BY r.batch_key LIMIT 1)
            FROM open WHERE open.batch_key IS NOT NULL)
        SELECT o.batch_key FROM open o JOIN batches b ON b.batch_key = o.batch_key
        WHERE b.finished < b.total AND (b.cancelled OR coalesce(b.start_time_ms, 0) <= $1) LIMIT $2
        """;

    public const string HasBatches =
        """
        SELECT EXISTS (SELECT 1 FROM batches WHERE gateway_id IS NULL AND NOT is_shared AND finished < total
            AND (CASE WHEN cancelled THEN 0 ELSE coalesce(start_time_ms, 0) END) <= $1)
        """;

    // The first column is where to read from the next time. Without a change it is the only one.
    public const string ReadChanges =
        """
        SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint, c.xid::text::bigint, c.batch_key, c.kind
        FROM (SELECT 1) one LEFT JOIN batch_changes c ON $1 > 0 AND c.xid >= ($1::text)::xid8
        ORDER BY c.xid
        """;

    public const string ReadGrown =
        """
        SELECT w.batch_key, coalesce(b.finished, -1) FROM (SELECT unnest($1) AS batch_key, unnest($2) AS known) w
        LEFT JOIN batches b ON b.batch_key = w.batch_key WHERE b.finished IS DISTINCT FROM w.known
        """;

    public const string ClaimBatches =
        $"""
        UPDATE batches SET gateway_id = $1 WHERE batch_key IN (
            SELECT batch_key FROM batches WHERE gateway_id IS NULL AND NOT is_shared AND finished < total
                AND (CASE WHEN cancelled THEN 0 ELSE coalesce(start_time_ms, 0) END) <= $2
            ORDER BY (CASE WHEN cancelled THEN 0 ELSE coalesce(start_time_ms, 0) END) LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED)
        RETURNING {ReadSql.BatchColumns}
        """;

    public const string ClaimRuns =
        """
        UPDATE request_runs r SET gateway_id = $1
        FROM (SELECT unnest($2) AS batch_key, unnest($3) AS most) w
        CROSS JOIN LATERAL (
            SELECT f.first_index FROM request_runs f WHERE f.batch_key = w.batch_key AND f.gateway_id IS NULL
            ORDER BY f.first_index LIMIT w.most FOR NO KEY UPDATE SKIP LOCKED) free
        WHERE r.batch_key = w.batch_key AND r.first_index = free.first_index
        RETURNING r.batch_key, r.first_index, r.request_count, r.was_held
        """;

    public const string ClaimDrafts =
        $"""
        UPDATE drafts SET gateway_id = $1 WHERE batch_key IN (
            SELECT batch_key FROM drafts WHERE gateway_id IS NULL AND end_time_ms IS NULL
            ORDER BY batch_key LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED)
        RETURNING {DraftReader.Columns}
        """;

    public const string ListHeldBatches = "SELECT batch_key FROM batches WHERE gateway_id = $1 AND finished < total";

    public const string ListHeldRuns =
        "SELECT batch_key, first_index, request_count, was_held FROM request_runs WHERE gateway_id = $1";

    public const string ReserveResults = "SELECT first, last, written, on_the_way FROM reserve_results($1, $2, $3, $4)";

    public const string FreeReservation = "DELETE FROM deliveries WHERE gateway_id = $1 AND reservation = $2 AND state = 1";

    public const string SettleResults = "SELECT 1 FROM settle_results($1, $2, $3, $4, $5)";
}
