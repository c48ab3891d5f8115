using System.Text;
using Batching.Engine.Model;
using Batching.Engine.Storage;
using Batching.Storage.Postgres.Opening;
using Npgsql;

namespace Batching.Storage.Postgres.Writing;

/// <summary>The statements that change the messages of webhooks, all of a run at once.</summary>
internal static class MessageStatements
{
    // Through the batch: a change to one that isn't there has not happened. Of two of the same event the first is stored.
    private const string Insert =
        """
        INSERT INTO webhook_messages (batch_key, event, owner, host, url, body, create_time_ms, state, attempts, attempt_time_ms,
            status_code, error, next_time_ms, end_time_ms)
        SELECT * FROM (
            SELECT unnest($1) AS batch_key, unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7), unnest($8),
                unnest($9), unnest($10), unnest($11), unnest($12), unnest($13), unnest($14)) m
        WHERE EXISTS (SELECT 1 FROM batches b WHERE b.batch_key = m.batch_key)
        ON CONFLICT (batch_key, event) DO NOTHING
        """;

    private const string Note =
        """
        UPDATE webhook_messages m SET state = n.state, attempts = m.attempts + 1, attempt_time_ms = n.attempted,
            status_code = n.status, error = n.error, next_time_ms = n.next
        FROM (
            SELECT unnest($1) AS batch_key, unnest($2) AS event, unnest($3) AS state, unnest($4) AS attempted,
                unnest($5) AS status, unnest($6) AS error, unnest($7) AS next) n
        WHERE m.batch_key = n.batch_key AND m.event = n.event
        """;

    private const string DeleteOrphans =
        """
        DELETE FROM webhook_messages m USING (SELECT unnest($1) AS batch_key, unnest($2) AS event) n
        WHERE m.batch_key = n.batch_key AND m.event = n.event AND m.state <> 1
            AND NOT EXISTS (SELECT 1 FROM batches b WHERE b.batch_key = m.batch_key)
        """;

    private const string Resend =
        """
        UPDATE webhook_messages m SET state = 1, attempts = 0, attempt_time_ms = NULL, status_code = 0, error = NULL,
            next_time_ms = r.next, end_time_ms = r.ends
        FROM (SELECT unnest($1) AS batch_key, unnest($2) AS event, unnest($3) AS next, unnest($4) AS ends) r
        WHERE m.batch_key = r.batch_key AND m.event = r.event
            AND EXISTS (SELECT 1 FROM batches b WHERE b.batch_key = m.batch_key)
        """;

    /// <summary>Stores the messages that tell of changes, behind them.</summary>
    public static void Add(NpgsqlBatch batch, IReadOnlyList<StoreWrite> writes)
    {
        (long Key, WebhookMessage Message)[] rows =
            [.. writes.SelectMany(write => write.Messages.Select(message => (write.BatchKey, message)))];
        if (rows.Length > 0)
        {
            WebhookMessage[] messages = [.. rows.Select(row => row.Message)];
            batch.Add(
                Insert,
                Sql.Of([.. rows.Select(row => row.Key)]),
                Sql.Of([.. messages.Select(message => (int)message.Event)]),
                Sql.Of([.. messages.Select(message => Encoding.UTF8.GetBytes(message.Owner))]),
                Sql.Of([.. messages.Select(message => message.Host)]),
                Sql.Of([.. messages.Select(message => message.Url)]),
                Sql.Of([.. messages.Select(message => message.Body)]),
                Sql.Of([.. messages.Select(message => message.CreateTime.ToUnixTimeMilliseconds())]),
                Sql.Of([.. messages.Select(message => (int)message.State)]),
                Sql.Of([.. messages.Select(message => message.Attempts)]),
                Sql.Of([.. messages.Select(message => message.LastAttempt?.Time.ToUnixTimeMilliseconds())]),
                Sql.Of([.. messages.Select(message => message.LastAttempt?.StatusCode ?? 0)]),
                Sql.Of([.. messages.Select(message => ToBytes(message.LastAttempt?.Error))]),
                Sql.Of([.. messages.Select(message => message.NextTime.ToUnixTimeMilliseconds())]),
                Sql.Of([.. messages.Select(message => message.EndTime.ToUnixTimeMilliseconds())]));
        }
    }

    /// <summary>Notes attempts.</summary>
    public static void Add(NpgsqlBatch batch, IReadOnlyList<StoreWrite.NoteAttempt> notes)
    {
        long[] keys = [.. notes.Select(note => note.BatchKey)];
        int[] events = [.. notes.Select(note => (int)note.Event)];
        batch.Add(
            Note,
            Sql.Of(keys),
            Sql.Of(events),
            Sql.Of([.. notes.Select(note => (int)note.State)]),
            Sql.Of([.. notes.Select(note => note.Attempt.Time.ToUnixTimeMilliseconds())]),
            Sql.Of([.. notes.Select(note => note.Attempt.StatusCode)]),
            Sql.Of([.. notes.Select(note => ToBytes(note.Attempt.Error))]),
            Sql.Of([.. notes.Select(note => note.NextTime.ToUnixTimeMilliseconds())]));
        batch.Add(DeleteOrphans, Sql.Of(keys), Sql.Of(events));
    }

    /// <summary>Lets messages wait again.</summary>
    public static void Add(NpgsqlBatch batch, IReadOnlyList<StoreWrite.Resend> resends) => batch.Add(
        Resend,
        Sql.Of([.. resends.Select(resend => resend.BatchKey)]),
        Sql.Of([.. resends.Select(resend => (int)resend.Event)]),
        Sql.Of([.. resends.Select(resend => resend.NextTime.ToUnixTimeMilliseconds())]),
        Sql.Of([.. resends.Select(resend => resend.EndTime.ToUnixTimeMilliseconds())]));

    private static byte[]? ToBytes(string? text) => text is null ? null : Encoding.UTF8.GetBytes(text);
}
