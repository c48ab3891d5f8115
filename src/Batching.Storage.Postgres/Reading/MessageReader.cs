using Batching.Engine.Model;
using Batching.Storage.Postgres.Opening;
using Npgsql;

namespace Batching.Storage.Postgres.Reading;

/// <summary>The queries for the messages of webhooks. Thread-safe.</summary>
internal sealed class MessageReader(RowReader rows)
{
    private const string Columns =
        """
        m.batch_key, m.event, m.owner, m.host, m.url, m.body, m.create_time_ms, m.state, m.attempts, m.attempt_time_ms,
        m.status_code, m.error, m.next_time_ms, m.end_time_ms
        """;

    // From lane to lane by the index: what a lane has beyond its share is never read, and no lane behind the limit. The lanes come
    // in their order, and for each of them its messages: the subquery can be joined in no other way.
    public const string ListDue =
        $"""
        WITH RECURSIVE lanes AS (
            (SELECT owner, host, next_time_ms FROM webhook_messages WHERE state = 1 AND (owner, host) > ($1, $2)
                ORDER BY owner, host, next_time_ms LIMIT 1)
            UNION ALL
            SELECT n.owner, n.host, n.next_time_ms FROM lanes l CROSS JOIN LATERAL (
                SELECT owner, host, next_time_ms FROM webhook_messages WHERE state = 1 AND (owner, host) > (l.owner, l.host)
                ORDER BY owner, host, next_time_ms LIMIT 1) n)
        SELECT {Columns} FROM lanes l CROSS JOIN LATERAL (
            SELECT * FROM webhook_messages WHERE state = 1 AND owner = l.owner AND host = l.host AND next_time_ms <= $3
            ORDER BY next_time_ms LIMIT $4) m
        WHERE l.next_time_ms <= $3 LIMIT $5
        """;

    public const string FindNextTime =
        "SELECT next_time_ms FROM webhook_messages WHERE state = 1 AND next_time_ms > $1 ORDER BY next_time_ms LIMIT 1";

    public const string ListOfBatch =
        $"""
        SELECT {Columns} FROM webhook_messages m
        WHERE m.batch_key = $1 AND EXISTS (SELECT 1 FROM batches b WHERE b.batch_key = $1) ORDER BY m.event
        """;

    public const string Count = "SELECT count(*) FROM (SELECT 1 FROM webhook_messages WHERE state = 1 LIMIT $1) m";

    public const string CountOfOwner =
        "SELECT count(*) FROM (SELECT 1 FROM webhook_messages WHERE state = 1 AND owner = $2 LIMIT $1) m";

    public async ValueTask<IReadOnlyList<WebhookMessage>> ListDueAsync(
        DateTimeOffset now, WebhookLane after, int perLane, int limit, CancellationToken cancellationToken) =>
        await rows.ListAsync(
            ListDue,
            ToMessage,
            cancellationToken,
            Sql.OfUtf8(after.Owner),
            Sql.Of(after.Host),
            Sql.Of(now.ToUnixTimeMilliseconds()),
            Sql.Of(perLane),
            Sql.Of(limit));

    public async ValueTask<DateTimeOffset?> FindNextTimeAsync(DateTimeOffset after, CancellationToken cancellationToken) =>
        (await rows.ListAsync(
            FindNextTime,
            static reader => (DateTimeOffset?)RowReader.TimeOf(reader, 0),
            cancellationToken,
            Sql.Of(after.ToUnixTimeMilliseconds()))).FirstOrDefault();

    public async ValueTask<IReadOnlyList<WebhookMessage>> ListOfBatchAsync(long batchKey, CancellationToken cancellationToken) =>
        await rows.ListAsync(ListOfBatch, ToMessage, cancellationToken, Sql.Of(batchKey));

    public async ValueTask<int> CountWaitingAsync(string? owner, int limit, CancellationToken cancellationToken)
    {
        NpgsqlParameter[] parameters = owner is null ? [Sql.Of(limit)] : [Sql.Of(limit), Sql.OfUtf8(owner)];
        var counts = await rows.ListAsync(
            owner is null ? Count : CountOfOwner, static reader => (int)reader.GetInt64(0), cancellationToken, parameters);
        return counts.FirstOrDefault();
    }

    private static WebhookMessage ToMessage(NpgsqlDataReader reader) => new()
    {
        BatchKey = reader.GetInt64(0),
        Event = (BatchEvents)reader.GetInt32(1),
        Owner = RowReader.Utf8Of(reader, 2),
        Host = reader.GetString(3),
        Url = reader.GetString(4),
        Body = RowReader.BytesOf(reader, 5),
        CreateTime = RowReader.TimeOf(reader, 6),
        State = (WebhookState)reader.GetInt32(7),
        Attempts = reader.GetInt32(8),
        LastAttempt = RowReader.TimeOrNull(reader, 9) is { } time
            ? new WebhookAttempt(time, reader.GetInt32(10), reader.IsDBNull(11) ? null : RowReader.Utf8Of(reader, 11))
            : null,
        NextTime = RowReader.TimeOf(reader, 12),
        EndTime = RowReader.TimeOf(reader, 13),
    };
}
