namespace Batching.Storage.Sqlite.Writing;

/// <summary>
/// Deletes rows in bounded steps, so that the end of a batch of a million requests does not keep everybody else's
/// commits waiting. A deletion takes effect at once, by the batch's own row, which every read goes through; a first
/// step is done with it, which is all that most batches need. What is left is noted in <c>sweeps</c> and done
/// between the commits, also after a restart; so is what was staged before it, which nobody will accept any more.
/// </summary>
internal sealed class RowSweeper
{
    // One unit is a row, or 64 KiB of payload. A step takes about 5 ms on 2 cores.
    private const int UnitsPerStep = 128;
    private const int UnitBytes = 64 * 1024;

    // Free pages are used again, so only what an unusual peak has left is given back: more than half of the file.
    private const int KeptFreePages = 32 * 1024 * 1024 / StoreConnection.PageSize;
    private const int PagesGivenBackPerStep = 256;

    /// <summary>The most that <see cref="GiveBack"/> takes off the file.</summary>
    public const int BytesGivenBackPerStep = PagesGivenBackPerStep * StoreConnection.PageSize;

    private readonly Statement _deleteStarts;
    private readonly Statement _deleteWindows;
    private readonly Statement _deleteChunks;
    private readonly Statement _findSegments;
    private readonly Statement _deletePayload;
    private readonly Statement _deleteSegment;
    private readonly Statement _put;
    private readonly Statement _next;
    private readonly Statement _remove;
    private readonly Statement _removeStaged;
    private readonly Statement _countPages;
    private readonly Statement _giveBack;
    private readonly List<(long Id, int Position, int Units)> _segments = [];
    private readonly long _firstOwnKey;
    private int _units;

    /// <param name="statements">Those of the connection on which it sweeps.</param>
    /// <param name="firstOwnKey">What is staged under a smaller number is left from an earlier process.</param>
    public RowSweeper(Statements statements, long firstOwnKey)
    {
        _firstOwnKey = firstOwnKey;
        _deleteStarts = statements.Add(
            """
            DELETE FROM started_requests WHERE start_id IN
                (SELECT start_id FROM started_requests WHERE batch_key = $key LIMIT $limit)
            """,
            "$key", "$limit");
        _deleteWindows = statements.Add(
            """
            DELETE FROM request_windows WHERE window_id IN
                (SELECT window_id FROM request_windows WHERE batch_key = $key LIMIT $limit)
            """,
            "$key", "$limit");

        _deleteChunks = statements.Add(
            """
            DELETE FROM file_chunks WHERE chunk_id IN
                (SELECT chunk_id FROM file_chunks WHERE file_key = $key LIMIT $limit)
            """,
            "$key", "$limit");

        // The length of a blob is in its row's header: the blob itself isn't read for it.
        _findSegments = statements.Add(
            """
            SELECT s.segment_id, s.first_position, coalesce(length(p.payload), 0)
            FROM result_segments s LEFT JOIN result_payloads p ON p.segment_id = s.segment_id
            WHERE s.batch_key = $key AND s.first_position >= $from ORDER BY s.first_position LIMIT $limit
            """,
            "$key", "$from", "$limit");
        _deletePayload = statements.Add("DELETE FROM result_payloads WHERE segment_id = $id", "$id");
        _deleteSegment = statements.Add("DELETE FROM result_segments WHERE segment_id = $id", "$id");
        _put = statements.Add(
            """
            INSERT INTO sweeps (batch_key, scope, next_position) VALUES ($key, $scope, $next)
            ON CONFLICT DO UPDATE SET
                scope = max(scope, excluded.scope),
                next_position = iif(scope < excluded.scope, excluded.next_position,
                    max(next_position, excluded.next_position))
            """,
            "$key", "$scope", "$next");
        _next = statements.Add(
            $"""
            SELECT batch_key, scope, next_position FROM sweeps
            UNION ALL
            SELECT batch_key, {(int)SweepScope.Everything}, 1 FROM staged_batches WHERE batch_key < $first
                AND NOT EXISTS (SELECT 1 FROM drafts d WHERE d.batch_key = staged_batches.batch_key AND d.end_time_ms IS NULL)
            LIMIT 1
            """,
            "$first");
        _remove = statements.Add("DELETE FROM sweeps WHERE batch_key = $key", "$key");
        _removeStaged = statements.Add("DELETE FROM staged_batches WHERE batch_key = $key AND batch_key < $first", "$key", "$first");
        _countPages = statements.Add("SELECT page_count, freelist_count FROM pragma_page_count, pragma_freelist_count");
        _giveBack = statements.Add($"PRAGMA incremental_vacuum({PagesGivenBackPerStep})");
        Pending = Next(out _, out _, out _);
    }

    /// <summary>There may be something left to do: call <see cref="Step"/>.</summary>
    public bool Pending { get; private set; }

    /// <summary>A transaction begins: however many deletions it holds, they do one step's work between them.</summary>
    public void Refill() => _units = UnitsPerStep;

    /// <summary>Does what is left of this transaction's step for a deletion, and notes the rest.</summary>
    public void Begin(long batchKey, SweepScope scope)
    {
        if (!Sweep(batchKey, scope, 1, out var next))
        {
            _put.Execute(batchKey, (int)scope, next);
            Pending = true;
        }
    }

    /// <summary>Does a step of what is noted, in the caller's transaction.</summary>
    public void Step()
    {
        while (_units > 0)
        {
            if (!Next(out var batchKey, out var scope, out var position))
            {
                Pending = HasMuchFree();
                if (Pending)
                {
                    GiveBack();
                }

                return;
            }

            if (Sweep(batchKey, scope, position, out var next))
            {
                _remove.Execute(batchKey);
                _removeStaged.Execute(batchKey, _firstOwnKey);
            }
            else
            {
                _put.Execute(batchKey, (int)scope, next);
            }
        }
    }

    /// <summary>Whether there are free pages in the file.</summary>
    public bool HasFree() => CountPages().Free > 0;

    /// <summary>Takes free pages off the end of the file, in the caller's transaction.</summary>
    public void GiveBack()
    {
        // A row for each page: it must be read to its end.
        using var pages = _giveBack.Query();
        while (pages.Read())
        {
        }
    }

    /// <returns>Nothing is left. Otherwise the units are used up.</returns>
    private bool Sweep(long batchKey, SweepScope scope, int position, out int next)
    {
        next = position;
        if (_units > 0)
        {
            _units -= _deleteStarts.Execute(batchKey, _units);
        }

        if (_units > 0 && scope >= SweepScope.Payloads)
        {
            next = SweepSegments(batchKey, position, scope == SweepScope.Everything);
        }

        if (_units > 0 && scope == SweepScope.Everything)
        {
            _units -= _deleteWindows.Execute(batchKey, _units);
        }

        if (_units > 0 && scope == SweepScope.Everything)
        {
            _units -= _deleteChunks.Execute(batchKey, _units);
        }

        return _units > 0;
    }

    private int SweepSegments(long batchKey, int position, bool whole)
    {
        _segments.Clear();
        using (var reader = _findSegments.Query(batchKey, position, _units))
        {
            while (reader.Read())
            {
                _segments.Add((reader.GetInt64(0), reader.GetInt32(1), 1 + (int)(reader.GetInt64(2) / UnitBytes)));
            }
        }

        foreach (var segment in _segments)
        {
            if (_units <= 0)
            {
                return segment.Position;
            }

            _deletePayload.Execute(segment.Id);
            if (whole)
            {
                _deleteSegment.Execute(segment.Id);
            }

            _units -= segment.Units;
            position = segment.Position + 1;
        }

        return position;
    }

    private bool HasMuchFree()
    {
        var (all, free) = CountPages();
        return free > KeptFreePages && free > all / 2;
    }

    private (long All, long Free) CountPages()
    {
        using var reader = _countPages.Query();
        reader.Read();
        return (reader.GetInt64(0), reader.GetInt64(1));
    }

    private bool Next(out long batchKey, out SweepScope scope, out int position)
    {
        using var reader = _next.Query(_firstOwnKey);
        var found = reader.Read();
        batchKey = found ? reader.GetInt64(0) : 0;
        scope = found ? (SweepScope)reader.GetInt32(1) : default;
        position = found ? reader.GetInt32(2) : 0;
        return found;
    }
}
