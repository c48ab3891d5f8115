using System.Text;
using Batching.Engine.Model;
using Batching.Engine.Storage;
using Batching.Storage.Postgres.Opening;
using Npgsql;

namespace Batching.Storage.Postgres.Writing;

/// <summary>The statements that store new batches and their requests, all of a run at once.</summary>
internal static class AcceptStatements
{
    // An array each for a column. In the list of what is selected they are read side by side, without a copy of them on the disk,
    // which functions in FROM make of what is larger than the working memory.
    private const string InsertBatches =
        """
        WITH new AS MATERIALIZED (
            SELECT unnest($1) AS batch_key, unnest($2) AS owner, unnest($3) AS created, unnest($4) AS expires, unnest($5) AS deletes,
                unnest($6) AS done, unnest($7) AS capacity, unnest($8) AS pages, unnest($9) AS total, unnest($10) AS finished,
                unnest($11) AS failed, unnest($12) AS size, unnest($13) AS received, unnest($14) AS cancelled,
                unnest($15) AS expired, unnest($16) AS credential, unnest($17) AS peer, unnest($18) AS trace, unnest($19) AS runs,
                unnest($20) AS bytes, unnest($21) AS submission_key, unnest($22) AS hash, unnest($23) AS starts, unnest($24) AS priority,
                unnest($25) AS deadline, unnest($26) AS url, unnest($27) AS events, unnest($28) AS may_repeat,
                unnest($29) AS attributes, unnest($30) AS dependencies,
                unnest($31) AS open_until, unnest($32) AS appends, unnest($33) AS is_shared, unnest($34) AS gateway_id),
        unstaged AS (
            DELETE FROM staged_batches s USING new n WHERE s.batch_key = n.batch_key RETURNING s.batch_key, s.request_bytes),
        added AS (
            INSERT INTO batches (batch_key, owner, create_time_ms, expire_time_ms, delete_time_ms, done_time_ms, capacity,
                spawner_pages, total, finished, failed, response_size, received, cancelled, expired, credential, peer, trace,
                number_runs, request_bytes, payload_bytes, submission_key, content_hash, start_time_ms, priority, deadline_ms,
                notify_url, notify_events, may_repeat, attributes, dependencies, open_until_ms, appends, is_shared, gateway_id)
            SELECT n.batch_key, n.owner, n.created, n.expires, n.deletes, n.done, n.capacity, n.pages, n.total, n.finished, n.failed,
                n.size, n.received, n.cancelled, n.expired, n.credential, n.peer, n.trace, n.runs,
                n.bytes + coalesce(u.request_bytes, 0), 0, n.submission_key, n.hash, n.starts, n.priority, n.deadline,
                n.url, n.events, n.may_repeat, n.attributes, n.dependencies, n.open_until, n.appends, n.is_shared, n.gateway_id
            FROM new n LEFT JOIN unstaged u ON u.batch_key = n.batch_key
            RETURNING owner, total - finished AS running, open_until_ms, request_bytes)
        INSERT INTO owners AS o (owner, batches, requests, bytes)
        SELECT owner, count(*) FILTER (WHERE running > 0 OR open_until_ms IS NOT NULL), sum(running), sum(request_bytes) FROM added
        GROUP BY owner ORDER BY owner
        ON CONFLICT (owner) DO UPDATE SET batches = o.batches + excluded.batches, requests = o.requests + excluded.requests,
            bytes = o.bytes + excluded.bytes
        """;

    private const string CheckSubmissionKeys = "SELECT check_submission_keys($1, $2, $3)";

    private const string InsertWindows =
        """
        INSERT INTO request_windows (batch_key, first_index, request_count, data)
        SELECT unnest($1), unnest($2), unnest($3), unnest($4)
        """;

    private const string InsertSpawned =
        """
        INSERT INTO request_windows (batch_key, first_index, request_count, data)
        SELECT * FROM (SELECT unnest($1) AS batch_key, unnest($2), unnest($3), unnest($4)) w
        WHERE EXISTS (SELECT 1 FROM batches b WHERE b.batch_key = w.batch_key)
        """;

    // Of what was staged before, too.
    private const string InsertRuns =
        """
        INSERT INTO request_runs (batch_key, first_index, request_count)
        SELECT batch_key, first_index, request_count FROM request_windows WHERE batch_key = ANY ($1)
        """;

    private const string InsertStaged =
        """
        INSERT INTO staged_batches AS s (batch_key, gateway_id, request_bytes) SELECT unnest($1), $2, unnest($3)
        ON CONFLICT (batch_key) DO UPDATE SET request_bytes = s.request_bytes + excluded.request_bytes
        """;

    /// <summary>Stores new batches.</summary>
    /// <param name="batch">What is sent.</param>
    /// <param name="accepts">The batches.</param>
    /// <param name="gatewayId">The gateway that runs those that begin at once; null if gateways don't share their work.</param>
    public static void Add(NpgsqlBatch batch, IReadOnlyList<StoreWrite.Accept> accepts, long? gatewayId)
    {
        BatchRecord[] records = [.. accepts.Select(accept => accept.Batch)];
        (BatchRecord Batch, string Key)[] keyed =
            [.. records.Where(record => record.SubmissionKey is not null).Select(record => (record, record.SubmissionKey!.Text))];
        if (keyed.Length > 0)
        {
            batch.Add(
                CheckSubmissionKeys,
                Sql.Of([.. keyed.Select(one => one.Batch.Key)]),
                Sql.Of([.. keyed.Select(one => Encoding.UTF8.GetBytes(one.Batch.Owner))]),
                Sql.Of([.. keyed.Select(one => Encoding.UTF8.GetBytes(one.Key))]));
        }

        batch.Add(
            InsertBatches,
            Sql.Of([.. records.Select(record => record.Key)]),
            Sql.Of([.. records.Select(record => Encoding.UTF8.GetBytes(record.Owner))]),
            Sql.Of([.. records.Select(record => record.CreateTime.ToUnixTimeMilliseconds())]),
            Sql.Of([.. records.Select(record => record.ExpireTime.ToUnixTimeMilliseconds())]),
            Sql.Of([.. records.Select(record => record.DeleteTime.ToUnixTimeMilliseconds())]),
            Sql.Of([.. records.Select(record => record.DoneTime?.ToUnixTimeMilliseconds())]),
            Sql.Of([.. records.Select(record => record.Capacity)]),
            Sql.Of([.. records.Select(record => record.SpawnerPages)]),
            Sql.Of([.. records.Select(record => record.Total)]),
            Sql.Of([.. records.Select(record => record.Finished)]),
            Sql.Of([.. records.Select(record => record.Failed)]),
            Sql.Of([.. records.Select(record => record.ResponseSize)]),
            Sql.Of([.. records.Select(record => record.Received)]),
            Sql.Of([.. records.Select(record => record.Cancelled)]),
            Sql.Of([.. records.Select(record => record.Expired)]),
            Sql.Of([.. records.Select(record => record.Credential)]),
            Sql.Of([.. records.Select(record => record.Peer)]),
            Sql.Of([.. records.Select(record => record.Trace)]),
            Sql.Of([.. records.Select(record => record.Runs.Encode())]),
            Sql.Of([.. accepts.Select(StoredBytesOf)]),
            Sql.Of([.. records.Select(record => record.SubmissionKey is { } key ? Encoding.UTF8.GetBytes(key.Text) : null)]),
            Sql.Of([.. records.Select(record => record.SubmissionKey?.ContentHash)]),
            Sql.Of([.. records.Select(record => record.StartTime?.ToUnixTimeMilliseconds())]),
            Sql.Of([.. records.Select(record => record.Priority)]),
            Sql.Of([.. records.Select(record => record.Deadline?.ToUnixTimeMilliseconds())]),
            Sql.Of([.. records.Select(record => record.Notify?.Url)]),
            Sql.Of([.. records.Select(record => (int)(record.Notify?.Events ?? BatchEvents.None))]),
            Sql.Of([.. records.Select(record => record.MayRepeat)]),
            Sql.Of([.. records.Select(record => record.Attributes)]),
            Sql.Of([.. records.Select(record => record.Dependencies)]),
            Sql.Of([.. records.Select(record => record.OpenUntil?.ToUnixTimeMilliseconds())]),
            Sql.Of([.. records.Select(record => record.Appends?.Encode())]),
            Sql.Of([.. records.Select(record => record.IsShared)]),
            Sql.Of([.. records.Select(record => record.IsShared || record.StartTime is not null ? null : gatewayId)]));
        long[] drafted = [.. records.Where(record => record.Attributes is not null).Select(record => record.Key)];
        if (drafted.Length > 0)
        {
            // Behind the batches, so that the owner's count never falls below what it is in the end.
            DraftStatements.AddRemove(batch, drafted);
        }

        AddWindows(batch, InsertWindows, accepts.Select(accept => (accept.BatchKey, accept.Windows)));
        long[] shared = [.. records.Where(record => record.IsShared).Select(record => record.Key)];
        if (shared.Length > 0)
        {
            batch.Add(InsertRuns, Sql.Of(shared));
        }
    }

    /// <summary>Stores requests of batches that are not accepted yet.</summary>
    public static void Add(NpgsqlBatch batch, IReadOnlyList<StoreWrite.Stage> stages, long gatewayId)
    {
        batch.Add(
            InsertStaged,
            Sql.Of([.. stages.Select(stage => stage.BatchKey)]),
            Sql.Of(gatewayId),
            Sql.Of([.. stages.Select(stage => BytesOf(stage.Windows))]));
        AddWindows(batch, InsertWindows, stages.Select(stage => (stage.BatchKey, stage.Windows)));
    }

    /// <summary>Stores requests that results have spawned.</summary>
    public static void AddSpawned(NpgsqlBatch batch, IReadOnlyList<StoreWrite.AppendResults> appends) =>
        AddWindows(batch, InsertSpawned, appends.Select(append => (append.BatchKey, append.Spawned)));

    /// <summary>Measures what windows take.</summary>
    public static long BytesOf(IReadOnlyList<RequestWindow> windows) => windows.Sum(window => (long)window.Data.Length);

    private static long StoredBytesOf(StoreWrite.Accept accept) =>
        BytesOf(accept.Windows) + (accept.Batch.Notify?.StoredBytes ?? 0) + (accept.Batch.Attributes?.Length ?? 0);

    private static void AddWindows(
        NpgsqlBatch batch, string sql, IEnumerable<(long BatchKey, IReadOnlyList<RequestWindow> Windows)> all)
    {
        (long BatchKey, RequestWindow Window)[] rows =
            [.. all.SelectMany(one => one.Windows.Select(window => (one.BatchKey, window)))];
        if (rows.Length > 0)
        {
            batch.Add(
                sql,
                Sql.Of([.. rows.Select(row => row.BatchKey)]),
                Sql.Of([.. rows.Select(row => row.Window.FirstIndex)]),
                Sql.Of([.. rows.Select(row => row.Window.Count)]),
                Sql.Of([.. rows.Select(row => row.Window.Data)]));
        }
    }
}
