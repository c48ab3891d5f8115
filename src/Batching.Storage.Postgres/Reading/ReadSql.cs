using Batching.Engine.Model;

namespace Batching.Storage.Postgres.Reading;

/// <summary>The queries. Each finds its rows by an index.</summary>
internal static class ReadSql
{
    public const string FindBatch = $"SELECT {BatchColumns} FROM batches WHERE batch_key = $1";

    // By the owner's index alone: see the migrations.
    public const string FindOwnedBatch = $"SELECT {BatchColumns} FROM batches WHERE owner = $1 AND -batch_key = -$2";

    public const string FindSubmission = $"SELECT {BatchColumns} FROM batches WHERE owner = $1 AND submission_key = $2";

    public const string ReadUsage = "SELECT batches, requests, bytes FROM owners WHERE owner = $1";

    // As callers see it: a batch that is over is expired, whatever else it was, and one that is cancelled is that.
    public const string CountBatches =
        """
        SELECT
            count(*) FILTER (WHERE NOT over AND NOT cancelled AND done_time_ms IS NULL),
            count(*) FILTER (WHERE NOT over AND NOT cancelled AND done_time_ms IS NOT NULL),
            count(*) FILTER (WHERE NOT over AND cancelled),
            count(*) FILTER (WHERE over),
            pg_database_size(current_database())
        FROM (SELECT cancelled, done_time_ms, expired OR expire_time_ms <= $1 AS over FROM batches) b
        """;

    public const string ListBatches =
        $"""
        SELECT {BatchColumns} FROM batches WHERE owner = $1 AND -batch_key > -$2
        ORDER BY -batch_key LIMIT $3
        """;

    public const string ListUnfinished =
        $"""
        SELECT {BatchColumns} FROM batches WHERE (finished < total OR open_until_ms IS NOT NULL) AND batch_key > $1
        ORDER BY batch_key LIMIT $2
        """;

    public const string ListToStart =
        $"""
        SELECT {BatchColumns} FROM batches
        WHERE (start_time_ms, batch_key) > ($1, $2) AND start_time_ms <= $3 AND finished < total
        ORDER BY start_time_ms, batch_key LIMIT $4
        """;

    public const string ListToExpire =
        $"""
        SELECT {BatchColumns} FROM batches WHERE NOT expired AND expire_time_ms <= $1
        ORDER BY expire_time_ms, batch_key LIMIT $2
        """;

    public const string ListToDelete =
        $"""
        SELECT {BatchColumns} FROM batches WHERE delete_time_ms <= $1
        ORDER BY delete_time_ms, batch_key LIMIT $2
        """;

    public const string ReadWindow =
        """
        SELECT first_index, request_count, data FROM (
            SELECT first_index, request_count, data FROM request_windows
            WHERE batch_key = $1 AND first_index <= $2 ORDER BY first_index DESC LIMIT 1) w
        WHERE $2 < first_index + request_count AND EXISTS (SELECT 1 FROM batches WHERE batch_key = $1)
        """;

    public const string ReadSegment =
        $"""
        SELECT s.first_position, s.entries, p.payload FROM ({SegmentAt}) s
        JOIN batches b ON b.batch_key = $1
        LEFT JOIN result_payloads p ON p.batch_key = $1 AND p.first_position = s.first_position
            AND p.expire_hour = b.expire_hour AND NOT b.expired
        WHERE $2 < s.first_position + s.result_count
        """;

    public const string ReadPayload =
        $"""
        SELECT substring(p.payload FROM $3 + 1 FOR $4) FROM ({SegmentAt}) s
        JOIN batches b ON b.batch_key = $1 AND NOT b.expired
        JOIN result_payloads p ON p.batch_key = $1 AND p.first_position = s.first_position AND p.expire_hour = b.expire_hour
        WHERE $2 < s.first_position + s.result_count
        """;

    public const string ReadEntries =
        """
        SELECT first_position, entries FROM result_segments
        WHERE batch_key = $1
            AND first_position >= coalesce((SELECT max(first_position) FROM result_segments
                                            WHERE batch_key = $1 AND first_position <= $2), 1)
            AND first_position + result_count > $2
            AND EXISTS (SELECT 1 FROM batches WHERE batch_key = $1)
        ORDER BY first_position LIMIT $3
        """;

    public const string ListStarted =
        """
        SELECT s.indexes FROM batches b JOIN started_requests s ON s.batch_key = b.batch_key
        WHERE b.batch_key = $1 AND NOT b.expired AND b.finished < b.total
        """;

    public const string ListSecrets = "SELECT name, value FROM secrets WHERE starts_with(name, $1) ORDER BY name";

    public const string BatchColumns =
        """
        batch_key, owner, create_time_ms, expire_time_ms, delete_time_ms, done_time_ms, capacity, total, finished,
        failed, response_size, received, cancelled, expired, credential, spawner_pages, peer, trace, number_runs,
        submission_key, content_hash, start_time_ms, priority, deadline_ms, notify_url, notify_events, cancel_time_ms,
        may_repeat, attributes, dependencies, open_until_ms, appends, is_shared
        """;

    private const string SegmentAt =
        """
        SELECT first_position, result_count, entries FROM result_segments
        WHERE batch_key = $1 AND first_position <= $2 ORDER BY first_position DESC LIMIT 1
        """;

    // For operators, and seldom: it looks at every owner there is.
    public static string ListOwners(OwnerMeasure measure) => measure switch
    {
        OwnerMeasure.Batches => ListOwnersBy("batches"),
        OwnerMeasure.Bytes => ListOwnersBy("bytes"),
        _ => ListOwnersBy("requests"),
    };

    private static string ListOwnersBy(string column) =>
        $"SELECT owner, batches, requests, bytes FROM owners ORDER BY {column} DESC, owner LIMIT $1";
}
