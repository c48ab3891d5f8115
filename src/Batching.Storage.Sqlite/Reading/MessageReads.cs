using Batching.Engine.Model;

namespace Batching.Storage.Sqlite.Reading;

/// <summary>The queries of the messages of webhooks, used by one reader at a time.</summary>
internal sealed class MessageReads
{
    internal const string NextLaneSql =
        """
        SELECT owner, host, next_time_ms FROM webhook_messages
        WHERE state = 1 AND (owner, host) > ($owner, $host)
        ORDER BY owner, host, next_time_ms LIMIT 1
        """;

    internal const string ListDueSql =
        $"""
        SELECT {Columns} FROM webhook_messages
        WHERE state = 1 AND owner = $owner AND host = $host AND next_time_ms <= $now
        ORDER BY next_time_ms LIMIT $limit
        """;

    internal const string FindNextTimeSql =
        "SELECT next_time_ms FROM webhook_messages WHERE state = 1 AND next_time_ms > $after ORDER BY next_time_ms LIMIT 1";

    internal const string ListOfBatchSql =
        $"""
        SELECT {Columns} FROM webhook_messages
        WHERE batch_key = $key AND EXISTS (SELECT 1 FROM batches WHERE batch_key = $key) ORDER BY event
        """;

    internal const string CountSql =
        "SELECT count(*) FROM (SELECT 1 FROM webhook_messages WHERE state = 1 LIMIT $limit)";

    internal const string CountOfOwnerSql =
        "SELECT count(*) FROM (SELECT 1 FROM webhook_messages WHERE state = 1 AND owner = $owner LIMIT $limit)";

    private const string Columns =
        """
        batch_key, event, owner, host, url, body, create_time_ms, state, attempts, attempt_time_ms, status_code, error,
        next_time_ms, end_time_ms
        """;

    private readonly Statement _nextLane;
    private readonly Statement _listDue;
    private readonly Statement _findNextTime;
    private readonly Statement _listOfBatch;
    private readonly Statement _count;
    private readonly Statement _countOfOwner;

    public MessageReads(Statements statements)
    {
        _nextLane = statements.Add(NextLaneSql, "$owner", "$host");
        _listDue = statements.Add(ListDueSql, "$owner", "$host", "$now", "$limit");
        _findNextTime = statements.Add(FindNextTimeSql, "$after");
        _listOfBatch = statements.Add(ListOfBatchSql, "$key");
        _count = statements.Add(CountSql, "$limit");
        _countOfOwner = statements.Add(CountOfOwnerSql, "$owner", "$limit");
    }

    // From lane to lane by the index: what a lane has beyond its share is never read.
    public IReadOnlyList<WebhookMessage> ListDue(DateTimeOffset now, WebhookLane after, int perLane, int limit)
    {
        var messages = new List<WebhookMessage>();
        var time = now.ToUnixTimeMilliseconds();
        while (messages.Count < limit && TryFindLane(ref after, out var first))
        {
            if (first <= time)
            {
                Read(
                    _listDue.Query(after.Owner, after.Host, time, Math.Min(perLane, limit - messages.Count)), messages);
            }
        }

        return messages;
    }

    public DateTimeOffset? FindNextTime(DateTimeOffset after) =>
        _findNextTime.Number(after.ToUnixTimeMilliseconds()) is { } time ? DateTimeOffset.FromUnixTimeMilliseconds(time) : null;

    public IReadOnlyList<WebhookMessage> ListOfBatch(long batchKey)
    {
        var messages = new List<WebhookMessage>();
        Read(_listOfBatch.Query(batchKey), messages);
        return messages;
    }

    public int CountWaiting(string? owner, int limit) =>
        (int)((owner is null ? _count.Number(limit) : _countOfOwner.Number(owner, limit)) ?? 0);

    private bool TryFindLane(ref WebhookLane lane, out long first)
    {
        using var reader = _nextLane.Query(lane.Owner, lane.Host);
        var found = reader.Read();
        if (found)
        {
            lane = new WebhookLane(reader.GetText(0), reader.GetText(1));
        }

        first = found ? reader.GetInt64(2) : 0;
        return found;
    }

    private static void Read(Statement.Rows reader, List<WebhookMessage> messages)
    {
        using (reader)
        {
            while (reader.Read())
            {
                messages.Add(MessageOf(reader));
            }
        }
    }

    private static WebhookMessage MessageOf(Statement.Rows reader) => new()
    {
        BatchKey = reader.GetInt64(0),
        Event = (BatchEvents)reader.GetInt32(1),
        Owner = reader.GetText(2),
        Host = reader.GetText(3),
        Url = reader.GetText(4),
        Body = reader.GetBlob(5),
        CreateTime = reader.GetTime(6),
        State = (WebhookState)reader.GetInt32(7),
        Attempts = reader.GetInt32(8),
        LastAttempt = reader.IsNull(9)
            ? null
            : new WebhookAttempt(reader.GetTime(9), reader.GetInt32(10), reader.IsNull(11) ? null : reader.GetText(11)),
        NextTime = reader.GetTime(12),
        EndTime = reader.GetTime(13),
    };
}
