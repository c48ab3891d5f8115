using System.Buffers.Binary;
using System.Globalization;
using Batching.Engine.Model;
using Batching.Engine.Storage;
using Microsoft.Data.Sqlite;
using static SQLitePCL.raw;

namespace Batching.Storage.Sqlite.Writing;

/// <summary>The writer's connection with its statements. Everything happens on the writer's thread.</summary>
/// <remarks>Longer than other files: each change is a few statements, and all of them stand here, one below the other.</remarks>
internal sealed class WriteSession : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly Statements _statements;
    private readonly Statement _begin;
    private readonly Statement _commit;
    private readonly Statement _insertBatch;
    private readonly Statement _findSubmission;
    private readonly Statement _insertWindow;
    private readonly Statement _stage;
    private readonly Statement _unstage;
    private readonly Statement _updateBatch;
    private readonly Statement _insertSegment;
    private readonly Statement _insertPayload;
    private readonly Statement _insertStarted;
    private readonly Statement _receive;
    private readonly Statement _cancel;
    private readonly Statement _expire;
    private readonly Statement _delete;
    private readonly Statement _reserveKeys;
    private readonly Statement _insertSecret;
    private readonly Statement _findSecret;
    private readonly OwnerCounts _owners;
    private readonly MessageWrites _messages;
    private readonly StoreBound _bound;
    private bool _usesReserve = true;

    /// <param name="connection">Is disposed with it.</param>
    /// <param name="firstOwnKey">The first number that could be reserved since the store was opened.</param>
    /// <param name="bound">How large the database may grow.</param>
    public WriteSession(SqliteConnection connection, long firstOwnKey, StoreBound bound)
    {
        _connection = connection;
        _bound = bound;
        var statements = _statements = new Statements(connection);
        Sweeper = new RowSweeper(statements, firstOwnKey);
        _owners = new OwnerCounts(statements);
        _messages = new MessageWrites(statements);

        // IMMEDIATE: a lock that can't be had is found out now, not at the first change.
        _begin = statements.Add("BEGIN IMMEDIATE");
        _commit = statements.Add("COMMIT");
        _insertBatch = statements.Add(
            """
            INSERT INTO batches (batch_key, owner, create_time_ms, expire_time_ms, delete_time_ms, done_time_ms,
                capacity, spawner_pages, total, finished, failed, response_size, received, cancelled, expired,
                credential, peer, trace, number_runs, request_bytes, payload_bytes, submission_key, content_hash,
                start_time_ms, priority, deadline_ms, notify_url, notify_events, may_repeat, attributes,
                dependencies)
            VALUES ($key, $owner, $created, $expires, $deletes, $done,
                $capacity, $pages, $total, $finished, $failed, $size, $received, $cancelled, $expired,
                $credential, $peer, $trace, $runs, $requestBytes, 0, $submissionKey, $hash,
                $start, $priority, $deadline, $notifyUrl, $notifyEvents, $mayRepeat, $attributes,
                $dependencies)
            """,
            "$key", "$owner", "$created", "$expires", "$deletes", "$done", "$capacity", "$pages",
            "$total", "$finished", "$failed", "$size", "$received", "$cancelled", "$expired",
            "$credential", "$peer", "$trace", "$runs", "$requestBytes", "$submissionKey", "$hash",
            "$start", "$priority", "$deadline", "$notifyUrl", "$notifyEvents",
            "$mayRepeat", "$attributes", "$dependencies");
        _findSubmission = statements.Add(
            "SELECT batch_key FROM batches WHERE owner = $owner AND submission_key = $key", "$owner", "$key");
        _stage = statements.Add(
            """
            INSERT INTO staged_batches (batch_key, request_bytes) VALUES ($key, $bytes)
            ON CONFLICT DO UPDATE SET request_bytes = request_bytes + excluded.request_bytes
            """,
            "$key", "$bytes");
        _unstage = statements.Add("DELETE FROM staged_batches WHERE batch_key = $key RETURNING request_bytes", "$key");
        _insertWindow = statements.Add(
            """
            INSERT INTO request_windows (batch_key, first_index, request_count, data)
            VALUES ($key, $first, $count, $data)
            """,
            "$key", "$first", "$count", "$data");
        _updateBatch = statements.Add(
            """
            UPDATE batches SET total = $total, finished = $finished, failed = $failed, response_size = $size,
                done_time_ms = $done, credential = $credential, capacity = $capacity, number_runs = $runs, request_bytes = request_bytes + $requestBytes,
                payload_bytes = payload_bytes + iif(expired, 0, $payloadBytes)
            WHERE batch_key = $key RETURNING expired
            """,
            "$key", "$total", "$finished", "$failed", "$size", "$done", "$credential", "$capacity", "$runs",
            "$requestBytes", "$payloadBytes");
        _insertSegment = statements.Add(
            """
            INSERT INTO result_segments (batch_key, first_position, result_count, entries)
            VALUES ($key, $first, $count, $entries)
            """,
            "$key", "$first", "$count", "$entries");
        _insertPayload = statements.Add("INSERT INTO result_payloads (segment_id, payload) VALUES (last_insert_rowid(), $payload)",
            "$payload");
        _insertStarted = statements.Add(
            """
            INSERT INTO started_requests (batch_key, indexes)
            SELECT batch_key, $indexes FROM batches WHERE batch_key = $key AND expired = 0 AND finished < total
            """,
            "$key", "$indexes");
        _receive = statements.Add(
            """
            UPDATE batches SET received = min($position, finished)
            WHERE batch_key = $key AND received < min($position, finished)
            """,
            "$key", "$position");
        _cancel = statements.Add(
            """
            UPDATE batches SET cancelled = 1, cancel_time_ms = coalesce(cancel_time_ms, $time)
            WHERE batch_key = $key AND finished < total
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
            RETURNING owner, finished < total, total - finished, request_bytes + iif(expired, 0, payload_bytes)
            """,
            "$key");
        _reserveKeys = statements.Add("UPDATE key_counter SET next_key = next_key + $count RETURNING next_key - $count",
            "$count");
        _insertSecret = statements.Add("INSERT INTO secrets (name, value) VALUES ($name, $value) ON CONFLICT DO NOTHING",
            "$name", "$value");
        Files = new FileWrites(statements, _owners, Sweeper);
        Drafts = new DraftWrites(statements, _owners, Sweeper);
        _findSecret = statements.Add("SELECT value FROM secrets WHERE name = $name", "$name");
    }

    public RowSweeper Sweeper { get; }

    public FileWrites Files { get; }

    public DraftWrites Drafts { get; }

    /// <summary>Begins a transaction.</summary>
    /// <param name="usesReserve">It may take the last pages too, which are kept for what frees some.</param>
    public void Begin(bool usesReserve)
    {
        if (_usesReserve != usesReserve && _bound.ReservedPages > 0)
        {
            // SQLite takes a bound below the present size for that size: then nothing may grow.
            StoreConnection.Run(
                _connection,
                $"PRAGMA max_page_count = {_bound.MaxPages - (usesReserve ? 0 : _bound.ReservedPages)}");
            _usesReserve = usesReserve;
        }

        _begin.Execute();
        Sweeper.Refill();
        _owners.Begin();
    }

    public void Commit()
    {
        _owners.Store();
        _commit.Execute();
    }

    /// <summary>Notes that the log holds nothing that the database lacks, as soon as this connection is closed.</summary>
    public void MarkClosed() => StoreConnection.Run(_connection, "UPDATE store_state SET is_open = 0");

    public void Rollback() => StoreConnection.Rollback(_connection);

    /// <summary>Counts the pages that were written to the log since the last call.</summary>
    public int TakePagesLogged()
    {
        var result = sqlite3_db_status(_connection.Handle, SQLITE_DBSTATUS_CACHE_WRITE, out var pages, out _, 1);
        SqliteException.ThrowExceptionForRC(result, _connection.Handle);
        return pages;
    }

    /// <summary>Measures the database, the log included.</summary>
    public long DatabaseBytes =>
        Convert.ToInt64(StoreConnection.Scalar(_connection, "PRAGMA page_count"), CultureInfo.InvariantCulture)
        * StoreConnection.PageSize;

    /// <summary>Copies the log into the database as far as possible without waiting for anybody.</summary>
    public void Checkpoint() => StoreConnection.Checkpoint(_connection);

    /// <summary>
    /// Copies the log into the database and lets it be written from its start again, so that on a full disk there may be
    /// room for the very deletions that free some. Waits for a moment until those that are in it have left.
    /// </summary>
    /// <returns>All of it was copied.</returns>
    public bool TryRestartLog() => StoreConnection.TryEndLog(_connection, "RESTART", waits: true);

    /// <summary>The same, and then cuts the log.</summary>
    /// <param name="waits">Whether to wait for those that are in it.</param>
    public void CutLog(bool waits) => StoreConnection.TryEndLog(_connection, "TRUNCATE", waits);

    public void Apply(StoreWrite write)
    {
        switch (write)
        {
            case StoreWrite.Stage stage:
                _stage.Execute(stage.BatchKey, BytesOf(stage.Windows));
                InsertWindows(stage.BatchKey, stage.Windows);
                break;
            case StoreWrite.Accept accept:
                Accept(accept);
                break;
            case StoreWrite.AppendResults append:
                Append(append);
                break;
            case StoreWrite.MarkStarted start:
                if (start.Indexes.Count > 0)
                {
                    _insertStarted.Execute(start.BatchKey, Encode(start.Indexes));
                }

                break;
            case StoreWrite.MoveReceivedMark receive:
                _receive.Execute(receive.BatchKey, receive.Position);
                break;
            case StoreWrite.Cancel cancel:
                _cancel.Execute(cancel.BatchKey, cancel.Time?.ToUnixTimeMilliseconds());
                break;
            case StoreWrite.Expire:
                if (TrySubtractFromOwner(_expire, write.BatchKey))
                {
                    Sweeper.Begin(write.BatchKey, SweepScope.Payloads);
                }

                break;
            case StoreWrite.Delete:
                if (TrySubtractFromOwner(_delete, write.BatchKey) || _unstage.Number(write.BatchKey) is not null)
                {
                    Sweeper.Begin(write.BatchKey, SweepScope.Everything);
                    _messages.DeleteEnded(write.BatchKey);
                }

                break;
            case StoreWrite.NoteAttempt note:
                _messages.Note(note);
                break;
            case StoreWrite.Resend resend:
                _messages.Resend(resend);
                break;
            default:
                throw new ArgumentException($"Unknown change {write.GetType().Name}.", nameof(write));
        }

        _messages.Add(write);
    }

    public long ReserveKeys(long count) =>
        _reserveKeys.Number(count) ?? throw new InvalidDataException("The counter of the keys is missing.");

    public byte[] GetOrAddSecret(string name, byte[] candidate)
    {
        _insertSecret.Execute(name, candidate);
        using var found = _findSecret.Query(name);
        return found.Read() ? found.GetBlob(0) : candidate;
    }

    public void Dispose()
    {
        _statements.Dispose();
        _connection.Dispose();
    }

    private void Accept(StoreWrite.Accept accept)
    {
        var batch = accept.Batch;
        if (batch.SubmissionKey is { } key && _findSubmission.Number(batch.Owner, key.Text) is not null)
        {
            throw new SubmissionKeyTakenException(batch.Key);
        }

        var requestBytes = BytesOf(accept.Windows) + (batch.Notify?.StoredBytes ?? 0) + (batch.Attributes?.Length ?? 0);
        if (accept.Windows is not [{ FirstIndex: 0 }, ..])
        {
            requestBytes += _unstage.Number(batch.Key) ?? 0;
        }

        _insertBatch.Execute(
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
            batch.Dependencies);
        if (batch.Attributes is not null)
        {
            Drafts.Remove(batch.Key);
        }

        InsertWindows(batch.Key, accept.Windows);
        _owners.Add(batch.Owner, batch.Running > 0 ? 1 : 0, batch.Running, requestBytes);
    }

    private void Append(StoreWrite.AppendResults append)
    {
        var batch = append.Batch;
        var requestBytes = BytesOf(append.Spawned);
        var payloadBytes = append.Segments.Sum(segment => (long)(segment.Payload?.Length ?? 0));
        var expired = _updateBatch.Number(
            batch.Key,
            batch.Total,
            batch.Finished,
            batch.Failed,
            batch.ResponseSize,
            batch.DoneTime?.ToUnixTimeMilliseconds(),
            batch.Credential,
            batch.Capacity,
            batch.Runs.Encode(),
            requestBytes,
            payloadBytes);
        if (expired is null)
        {
            return;
        }

        foreach (var segment in append.Segments)
        {
            _insertSegment.Execute(batch.Key, segment.FirstPosition, segment.Count, segment.Entries);
            if (segment.Payload is { } payload && expired is 0)
            {
                _insertPayload.Execute(payload);
            }
        }

        InsertWindows(batch.Key, append.Spawned);
        var running = append.Spawned.Sum(window => window.Count) - append.Segments.Sum(segment => segment.Count);
        var wasRunning = batch.Running > running;
        _owners.Add(
            batch.Owner,
            (batch.Running > 0 ? 1 : 0) - (wasRunning ? 1 : 0),
            running,
            requestBytes + (expired is 0 ? payloadBytes : 0));
        if (batch.DoneTime is not null)
        {
            Sweeper.Begin(batch.Key, SweepScope.Starts);
        }
    }

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

    private static long BytesOf(IReadOnlyList<RequestWindow> windows) =>
        windows.Sum(window => (long)window.Data.Length);

    private void InsertWindows(long batchKey, IReadOnlyList<RequestWindow> windows)
    {
        foreach (var window in windows)
        {
            _insertWindow.Execute(batchKey, window.FirstIndex, window.Count, window.Data);
        }
    }

    private static byte[] Encode(IReadOnlyList<int> indexes)
    {
        var bytes = new byte[indexes.Count * sizeof(int)];
        for (var i = 0; i < indexes.Count; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(i * sizeof(int)), indexes[i]);
        }

        return bytes;
    }
}
