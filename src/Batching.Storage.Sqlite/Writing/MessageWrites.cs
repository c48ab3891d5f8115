using Batching.Engine.Model;
using Batching.Engine.Storage;

namespace Batching.Storage.Sqlite.Writing;

/// <summary>The changes of the messages of webhooks. Used on the writer's thread.</summary>
internal sealed class MessageWrites
{
    private readonly Statement _insert;
    private readonly Statement _note;
    private readonly Statement _deleteOrphan;
    private readonly Statement _resend;
    private readonly Statement _deleteEnded;

    public MessageWrites(Statements statements)
    {
        // Through the batch: a change to one that isn't there has not happened.
        _insert = statements.Add(
            """
            INSERT INTO webhook_messages (batch_key, event, owner, host, url, body, create_time_ms, state, attempts,
                attempt_time_ms, status_code, error, next_time_ms, end_time_ms)
            SELECT batch_key, $event, $owner, $host, $url, $body, $created, $state, $attempts,
                $attempted, $status, $error, $next, $end
            FROM batches WHERE batch_key = $key
            ON CONFLICT DO NOTHING
            """,
            "$key", "$event", "$owner", "$host", "$url", "$body", "$created", "$state", "$attempts",
            "$attempted", "$status", "$error", "$next", "$end");
        _note = statements.Add(
            """
            UPDATE webhook_messages SET state = $state, attempts = attempts + 1, attempt_time_ms = $time,
                status_code = $status, error = $error, next_time_ms = $next
            WHERE batch_key = $key AND event = $event
            """,
            "$key", "$event", "$state", "$time", "$status", "$error", "$next");
        _deleteOrphan = statements.Add(
            """
            DELETE FROM webhook_messages WHERE batch_key = $key AND event = $event
                AND NOT EXISTS (SELECT 1 FROM batches WHERE batch_key = $key)
            """,
            "$key", "$event");
        _resend = statements.Add(
            $"""
            UPDATE webhook_messages SET state = {(int)WebhookState.Waiting}, next_time_ms = $next, end_time_ms = $end,
                attempts = 0, attempt_time_ms = NULL, status_code = 0, error = NULL
            WHERE batch_key = $key AND event = $event AND EXISTS (SELECT 1 FROM batches WHERE batch_key = $key)
            """,
            "$key", "$event", "$next", "$end");
        _deleteEnded = statements.Add(
            $"DELETE FROM webhook_messages WHERE batch_key = $key AND state <> {(int)WebhookState.Waiting}", "$key");
    }

    /// <summary>Stores the messages that tell of a change.</summary>
    public void Add(StoreWrite write)
    {
        foreach (var message in write.Messages)
        {
            _insert.Execute(
                write.BatchKey,
                (int)message.Event,
                message.Owner,
                message.Host,
                message.Url,
                message.Body,
                message.CreateTime.ToUnixTimeMilliseconds(),
                (int)message.State,
                message.Attempts,
                message.LastAttempt?.Time.ToUnixTimeMilliseconds(),
                message.LastAttempt?.StatusCode ?? 0,
                message.LastAttempt?.Error,
                message.NextTime.ToUnixTimeMilliseconds(),
                message.EndTime.ToUnixTimeMilliseconds());
        }
    }

    /// <summary>Notes an attempt.</summary>
    public void Note(StoreWrite.NoteAttempt write)
    {
        _note.Execute(
            write.BatchKey,
            (int)write.Event,
            (int)write.State,
            write.Attempt.Time.ToUnixTimeMilliseconds(),
            write.Attempt.StatusCode,
            write.Attempt.Error,
            write.NextTime.ToUnixTimeMilliseconds());
        if (write.State != WebhookState.Waiting)
        {
            _deleteOrphan.Execute(write.BatchKey, (int)write.Event);
        }
    }

    /// <summary>Lets a message wait again.</summary>
    public void Resend(StoreWrite.Resend write) => _resend.Execute(
        write.BatchKey, (int)write.Event, write.NextTime.ToUnixTimeMilliseconds(), write.EndTime.ToUnixTimeMilliseconds());

    /// <summary>The batch is deleted, and what does not wait of its messages.</summary>
    public void DeleteEnded(long batchKey) => _deleteEnded.Execute(batchKey);
}
