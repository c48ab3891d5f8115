using System.Buffers.Binary;
using System.Globalization;
using Batching.Engine.Model;
using Batching.Engine.Storage;
using Microsoft.Data.Sqlite;
using static SQLitePCL.raw;

namespace Batching.Storage.Sqlite.Writing;

/// <summary>The writer's connection with its statements. Everything happens on the writer's thread.</summary>
internal sealed class WriteSession : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly Statements _statements;
    private readonly Statement _begin;
    private readonly Statement _commit;
    private readonly Statement _insertWindow;
    private readonly Statement _stage;
    private readonly Statement _unstage;
    private readonly Statement _insertSegment;
    private readonly Statement _insertPayload;
    private readonly Statement _insertStarted;
    private readonly Statement _reserveKeys;
    private readonly Statement _insertSecret;
    private readonly Statement _findSecret;
    private readonly OwnerCounts _owners;
    private readonly BatchWrites _batches;
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
        _batches = new BatchWrites(statements, _owners);
        _messages = new MessageWrites(statements);

        // IMMEDIATE: a lock that can't be had is found out now, not at the first change.
        _begin = statements.Add("BEGIN IMMEDIATE");
        _commit = statements.Add("COMMIT");
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
        _reserveKeys = statements.Add("UPDATE key_counter SET next_key = next_key + $count RETURNING next_key - $count",
            "$count");
        _insertSecret = statements.Add("INSERT INTO secrets (name, value) VALUES ($name, $value) ON CONFLICT DO NOTHING",
            "$name", "$value");
        Files = new FileWrites(statements, _owners, Sweeper);
        Drafts = new DraftWrites(statements, _owners, Sweeper);
        _findSecret = statements.Add("SELECT value FROM secrets WHERE name = $name", "$name");
    }

    public RowSweeper Sweeper { get; }

    /// <summary>The changes of files.</summary>
    public FileWrites Files { get; }

    /// <summary>The changes of drafts.</summary>
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
                _batches.MoveReceivedMark(receive.BatchKey, receive.Position);
                break;
            case StoreWrite.Cancel cancel:
                _batches.Cancel(cancel);
                break;
            case StoreWrite.Expire:
                if (_batches.TryExpire(write.BatchKey))
                {
                    Sweeper.Begin(write.BatchKey, SweepScope.Payloads);
                }

                break;
            case StoreWrite.Delete:
                if (_batches.TryDelete(write.BatchKey) || _unstage.Number(write.BatchKey) is not null)
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
        var requestBytes = BytesOf(accept.Windows) + (batch.Notify?.StoredBytes ?? 0) + (batch.Attributes?.Length ?? 0);
        if (accept.Windows is not [{ FirstIndex: 0 }, ..])
        {
            requestBytes += _unstage.Number(batch.Key) ?? 0;
        }

        _batches.Insert(batch, requestBytes);
        if (batch.Attributes is not null)
        {
            Drafts.Remove(batch.Key);
        }

        InsertWindows(batch.Key, accept.Windows);
        _owners.Add(batch.Owner, batch.IsUnfinished ? 1 : 0, batch.Running, requestBytes);
    }

    private void Append(StoreWrite.AppendResults append)
    {
        var batch = append.Batch;
        var requestBytes = BytesOf(append.Spawned);
        var payloadBytes = append.Segments.Sum(segment => (long)(segment.Payload?.Length ?? 0));
        if (_batches.Update(batch, requestBytes, payloadBytes) is not { } isExpired)
        {
            return;
        }

        foreach (var segment in append.Segments)
        {
            _insertSegment.Execute(batch.Key, segment.FirstPosition, segment.Count, segment.Entries);
            if (segment.Payload is { } payload && !isExpired)
            {
                _insertPayload.Execute(payload);
            }
        }

        InsertWindows(batch.Key, append.Spawned);
        var running = append.Spawned.Sum(window => window.Count) - append.Segments.Sum(segment => segment.Count);
        var wasUnfinished = batch.Running > running || batch.IsOpen || append.Seals;
        _owners.Add(
            batch.Owner,
            (batch.IsUnfinished ? 1 : 0) - (wasUnfinished ? 1 : 0),
            running,
            requestBytes + (isExpired ? 0 : payloadBytes));
        if (batch.DoneTime is not null)
        {
            Sweeper.Begin(batch.Key, SweepScope.Starts);
        }
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
