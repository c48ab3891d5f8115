using Batching.Engine.Model;

namespace Batching.Storage.Sqlite.Reading;

/// <summary>The queries for batches, their requests and results aside. Used by one reader at a time.</summary>
internal sealed class BatchReads(Statements statements)
{
    private const string Columns =
        """
        batch_key, owner, create_time_ms, expire_time_ms, delete_time_ms, done_time_ms, capacity, total, finished,
        failed, response_size, received, cancelled, expired, credential, spawner_pages, peer, trace, number_runs,
        submission_key, content_hash, start_time_ms, priority, deadline_ms, notify_url, notify_events, cancel_time_ms, may_repeat,
        attributes, dependencies, open_until_ms, appends
        """;

    internal const string FindSql = $"SELECT {Columns} FROM batches WHERE batch_key = $key";

    // By the owner's index, which a batch of another owner is as much missing from as one that isn't there.
    internal const string FindOwnedSql =
        $"""
        SELECT {Columns} FROM batches INDEXED BY batches_by_owner
        WHERE owner = $owner AND batch_key = $key
        """;

    internal const string FindSubmissionSql =
        $"SELECT {Columns} FROM batches WHERE owner = $owner AND submission_key = $submissionKey";

    internal const string ListSql =
        $"""
        SELECT {Columns} FROM batches WHERE owner = $owner AND batch_key < $before
        ORDER BY batch_key DESC LIMIT $limit
        """;

    internal const string ListUnfinishedSql =
        $"""
        SELECT {Columns} FROM batches WHERE (finished < total OR open_until_ms IS NOT NULL) AND batch_key > $after
        ORDER BY batch_key LIMIT $limit
        """;

    internal const string ListToStartSql =
        $"""
        SELECT {Columns} FROM batches
        WHERE (start_time_ms, batch_key) > ($after, $afterKey) AND start_time_ms <= $until AND finished < total
        ORDER BY start_time_ms, batch_key LIMIT $limit
        """;

    internal const string ListToExpireSql =
        $"""
        SELECT {Columns} FROM batches WHERE expired = 0 AND expire_time_ms <= $now
        ORDER BY expire_time_ms, batch_key LIMIT $limit
        """;

    internal const string ListToDeleteSql =
        $"""
        SELECT {Columns} FROM batches WHERE delete_time_ms <= $now
        ORDER BY delete_time_ms, batch_key LIMIT $limit
        """;

    private readonly Statement _find = statements.Add(FindSql, "$key");
    private readonly Statement _findOwned = statements.Add(FindOwnedSql, "$owner", "$key");
    private readonly Statement _findSubmission = statements.Add(FindSubmissionSql, "$owner", "$submissionKey");
    private readonly Statement _list = statements.Add(ListSql, "$owner", "$before", "$limit");
    private readonly Statement _listUnfinished = statements.Add(ListUnfinishedSql, "$after", "$limit");
    private readonly Statement _listToStart = statements.Add(ListToStartSql, "$after", "$afterKey", "$until", "$limit");
    private readonly Statement _listToExpire = statements.Add(ListToExpireSql, "$now", "$limit");
    private readonly Statement _listToDelete = statements.Add(ListToDeleteSql, "$now", "$limit");

    public BatchRecord? Find(long batchKey)
    {
        using var reader = _find.Query(batchKey);
        return reader.Read() ? BatchOf(reader) : null;
    }

    public BatchRecord? Find(string owner, long batchKey)
    {
        using var reader = _findOwned.Query(owner, batchKey);
        return reader.Read() ? BatchOf(reader) : null;
    }

    public BatchRecord? Find(string owner, string submissionKey)
    {
        using var reader = _findSubmission.Query(owner, submissionKey);
        return reader.Read() ? BatchOf(reader) : null;
    }

    public IReadOnlyList<BatchRecord> List(string owner, long beforeKey, int limit) =>
        All(_list.Query(owner, beforeKey, limit));

    public IReadOnlyList<BatchRecord> ListUnfinished(long afterKey, int limit) =>
        All(_listUnfinished.Query(afterKey, limit));

    public IReadOnlyList<BatchRecord> ListToStart(
        DateTimeOffset after, long afterKey, DateTimeOffset until, int limit) =>
        All(_listToStart.Query(after.ToUnixTimeMilliseconds(), afterKey, until.ToUnixTimeMilliseconds(), limit));

    public IReadOnlyList<BatchRecord> ListToExpire(DateTimeOffset now, int limit) =>
        All(_listToExpire.Query(now.ToUnixTimeMilliseconds(), limit));

    public IReadOnlyList<BatchRecord> ListToDelete(DateTimeOffset now, int limit) =>
        All(_listToDelete.Query(now.ToUnixTimeMilliseconds(), limit));

    private static List<BatchRecord> All(Statement.Rows reader)
    {
        using (reader)
        {
            var batches = new List<BatchRecord>();
            while (reader.Read())
            {
                batches.Add(BatchOf(reader));
            }

            return batches;
        }
    }

    private static BatchRecord BatchOf(Statement.Rows reader) => new()
    {
        Key = reader.GetInt64(0),
        Owner = reader.GetText(1),
        CreateTime = reader.GetTime(2),
        ExpireTime = reader.GetTime(3),
        DeleteTime = reader.GetTime(4),
        DoneTime = reader.IsNull(5) ? null : reader.GetTime(5),
        Capacity = reader.GetInt32(6),
        Total = reader.GetInt32(7),
        Finished = reader.GetInt32(8),
        Failed = reader.GetInt32(9),
        ResponseSize = reader.GetInt64(10),
        Received = reader.GetInt32(11),
        Cancelled = reader.GetBoolean(12),
        Expired = reader.GetBoolean(13),
        Credential = reader.IsNull(14) ? null : reader.GetBlob(14),
        SpawnerPages = reader.GetInt32(15),
        Peer = reader.IsNull(16) ? null : reader.GetText(16),
        Trace = reader.IsNull(17) ? null : reader.GetText(17),
        Runs = NumberRuns.Decode(reader.IsNull(18) ? null : reader.GetBlob(18)),
        SubmissionKey = reader.IsNull(19) ? null : new SubmissionKey(reader.GetText(19), reader.GetText(20)),
        StartTime = reader.IsNull(21) ? null : reader.GetTime(21),
        Priority = reader.GetInt32(22),
        Deadline = reader.IsNull(23) ? null : reader.GetTime(23),
        Notify = reader.IsNull(24) ? null : new WebhookTarget(reader.GetText(24), (BatchEvents)reader.GetInt32(25)),
        CancelTime = reader.IsNull(26) ? null : reader.GetTime(26),
        MayRepeat = reader.GetBoolean(27),
        Attributes = reader.IsNull(28) ? null : reader.GetBlob(28),
        Dependencies = reader.GetInt32(29),
        OpenUntil = reader.IsNull(30) ? null : reader.GetTime(30),
        Appends = AppendState.Decode(reader.IsNull(31) ? null : reader.GetBlob(31)),
    };
}
