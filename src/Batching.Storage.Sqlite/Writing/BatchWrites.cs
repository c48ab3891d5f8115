using Batching.Engine.Model;
using Batching.Engine.Storage;

namespace Batching.Storage.Sqlite.Writing;

/// <summary>The changes of batches, their requests and results aside. Used on the writer's thread.</summary>
internal sealed class BatchWrites
{
    private readonly OwnerCounts _owners;
    private readonly Statement _insert;
    private readonly Statement _findSubmission;
    private readonly Statement _update;
    private readonly Statement _receive;
    private readonly Statement _cancel;
    private readonly Statement _expire;
    private readonly Statement _delete;

    public BatchWrites(Statements statements, OwnerCounts owners)
    {
        _owners = owners;
        _insert = statements.Add(
            """
            INSERT INTO batches (batch_key, owner, create_time_ms, expire_time_ms, delete_time_ms, done_time_ms,
                capacity, spawner_pages, total, finished, failed, response_size, received, cancelled, expired,
                credential, peer, trace, number_runs, request_bytes, payload_bytes, submission_key, content_hash,
                start_time_ms, priority, deadline_ms, notify_url, notify_events, may_repeat, attributes,
                dependencies, open_until_ms, appends)
            VALUES ($key, $owner, $created, $expires, $deletes, $done,
                $capacity, $pages, $total, $finished, $failed, $size, $received, $cancelled, $expired,
                $credential, $peer, $trace, $runs, $requestBytes, 0, $submissionKey, $hash,
                $start, $priority, $deadline, $notifyUrl, $notifyEvents, $mayRepeat, $attributes,
                $dependencies, $open, $appends)
            """,
            "$key", "$owner", "$created", "$expires", "$deletes", "$done", "$capacity", "$pages",
            "$total", "$finished", "$failed", "$size", "$received", "$cancelled", "$expired",
            "$credential", "$peer", "$trace", "$runs", "$requestBytes", "$submissionKey", "$hash",
            "$start", "$priority", "$deadline", "$notifyUrl", "$notifyEvents",
            "$mayRepeat", "$attributes", "$dependencies", "$open", "$appends");
        _findSubmission = statements.Add(
            "SELECT batch_key FROM batches WHERE owner = $owner AND submission_key = $key", "$owner", "$key");
        _update = statements.Add(
            """
            UPDATE batches SET total = $total, finished = $finished, failed = $failed, response_size = $size,
                done_time_ms = $done, credential = $credential, capacity = $capacity, number_runs = $runs,
                open_until_ms = $open, appends = $appends, request_bytes = request_bytes + $requestBytes,
                payload_bytes = payload_bytes + iif(expired, 0, $payloadBytes)
            WHERE batch_key = $key RETURNING expired
            """,
            "$key", "$total", "$finished", "$failed", "$size", "$done", "$credential", "$capacity", "$runs",
            "$open", "$appends", "$requestBytes", "$payloadBytes");
        _receive = statements.Add(
            """
            UPDATE batches SET received = min($position, finished)
            WHERE batch_key = $key AND received < min($position, finished)
            """,
            "$key", "$position");
        _cancel = statements.Add(
            """
            UPDATE batches SET cancelled = 1, cancel_time_ms = coalesce(cancel_time_ms, $time)
            WHERE batch_key = $key AND (finished < total OR open_until_ms IS NOT NULL)
            """,
            "$key", "$time");
        _expire = statements.Add(
            """
            UPDATE batches SET expired = 1 WHERE batch_key = $key AND expired = 0
            RETURNING owner, 0, 0, payload_bytes
            """,
            "$key");
        _delete = statements.Add(
            """
            DELETE FROM batches WHERE batch_key = $key
            RETURNING owner, finished < total OR open_until_ms IS NOT NULL, total - finished,
                request_bytes + iif(expired, 0, payload_bytes)
            """,
            "$key");
    }

    /// <summary>Inserts a batch.</summary>
    /// <exception cref="SubmissionKeyTakenException">Its owner has another one with its key.</exception>
    public void Insert(BatchRecord batch, long requestBytes)
    {
        if (batch.SubmissionKey is { } key && _findSubmission.Number(batch.Owner, key.Text) is not null)
        {
            throw new SubmissionKeyTakenException(batch.Key);
        }

        _insert.Execute(
            batch.Key,
            batch.Owner,
            batch.CreateTime.ToUnixTimeMilliseconds(),
            batch.ExpireTime.ToUnixTimeMilliseconds(),
            batch.DeleteTime.ToUnixTimeMilliseconds(),
            batch.DoneTime?.ToUnixTimeMilliseconds(),
            batch.Capacity,
            batch.SpawnerPages,
            batch.Total,
            batch.Finished,
            batch.Failed,
            batch.ResponseSize,
            batch.Received,
            batch.Cancelled,
            batch.Expired,
            batch.Credential,
            batch.Peer,
            batch.Trace,
            batch.Runs.Encode(),
            requestBytes,
            batch.SubmissionKey?.Text,
            batch.SubmissionKey?.ContentHash,
            batch.StartTime?.ToUnixTimeMilliseconds(),
            batch.Priority,
            batch.Deadline?.ToUnixTimeMilliseconds(),
            batch.Notify?.Url,
            (int)(batch.Notify?.Events ?? BatchEvents.None),
            batch.MayRepeat,
            batch.Attributes,
            batch.Dependencies,
            batch.OpenUntil?.ToUnixTimeMilliseconds(),
            batch.Appends?.Encode());
    }

    /// <summary>Stores what results have changed of a batch.</summary>
    /// <returns>Whether it has expired; null if it isn't there.</returns>
    public bool? Update(BatchRecord batch, long requestBytes, long payloadBytes)
    {
        var expired = _update.Number(
            batch.Key,
            batch.Total,
            batch.Finished,
            batch.Failed,
            batch.ResponseSize,
            batch.DoneTime?.ToUnixTimeMilliseconds(),
            batch.Credential,
            batch.Capacity,
            batch.Runs.Encode(),
            batch.OpenUntil?.ToUnixTimeMilliseconds(),
            batch.Appends?.Encode(),
            requestBytes,
            payloadBytes);
        return expired is null ? null : expired != 0;
    }

    public void MoveReceivedMark(long batchKey, int position) => _receive.Execute(batchKey, position);

    public void Cancel(StoreWrite.Cancel cancel) =>
        _cancel.Execute(cancel.BatchKey, cancel.Time?.ToUnixTimeMilliseconds());

    /// <summary>Marks a batch as expired.</summary>
    /// <returns>False if it isn't there, or is expired already.</returns>
    public bool TryExpire(long batchKey) => TrySubtractFromOwner(_expire, batchKey);

    /// <summary>Deletes a batch.</summary>
    /// <returns>False if it isn't there.</returns>
    public bool TryDelete(long batchKey) => TrySubtractFromOwner(_delete, batchKey);

    // What a batch no longer takes, as the statement that changed it returns it.
    private bool TrySubtractFromOwner(Statement statement, long batchKey)
    {
        using var reader = statement.Query(batchKey);
        if (!reader.Read())
        {
            return false;
        }

        _owners.Add(reader.GetText(0), -reader.GetInt32(1), -reader.GetInt64(2), -reader.GetInt64(3));
        return true;
    }
}
