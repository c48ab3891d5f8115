using System.Buffers.Binary;
using Batching.Engine.Model;
using Batching.Engine.Storage;
using Microsoft.Data.Sqlite;

namespace Batching.Storage.Sqlite.Reading;

/// <summary>
/// A read-only connection with its statements, used by one reader at a time. Every statement goes through
/// <c>batches</c>: rows of a deleted batch, or payloads of an expired one, may still be there, and those of a batch
/// that isn't accepted yet already; they don't count.
/// </summary>
internal sealed class ReadSession : IDisposable
{
    internal const string ReadUsageSql = "SELECT batches, requests, bytes FROM owners WHERE owner = $owner";

    // For operators, and seldom: it looks at every owner there is.
    private const string ListOwnersSql = "SELECT owner, batches, requests, bytes FROM owners ORDER BY measure DESC, owner LIMIT $limit";

    // As callers see it: a batch that is over is expired, whatever else it was, and one that is cancelled is that.
    internal const string CountBatchesSql =
        """
        SELECT
          count(*) FILTER (WHERE over = 0 AND cancelled = 0 AND done_time_ms IS NULL),
          count(*) FILTER (WHERE over = 0 AND cancelled = 0 AND done_time_ms IS NOT NULL),
          count(*) FILTER (WHERE over = 0 AND cancelled = 1),
          count(*) FILTER (WHERE over = 1)
        FROM (SELECT cancelled, done_time_ms, expired = 1 OR expire_time_ms <= $now AS over FROM batches)
        """;

    internal const string CountPagesSql =
        """
        SELECT page_size * (page_count - freelist_count), page_size * freelist_count
        FROM pragma_page_size, pragma_page_count, pragma_freelist_count
        """;

    // The subquery picks the row by the index alone, so that no blob is read before it is known to be the one.
    internal const string ReadWindowSql =
        """
        SELECT first_index, request_count, data FROM request_windows
        WHERE window_id = (SELECT window_id FROM request_windows
                           WHERE batch_key = $key AND first_index <= $index ORDER BY first_index DESC LIMIT 1)
          AND $index < first_index + request_count
          AND EXISTS (SELECT 1 FROM batches WHERE batch_key = $key)
        """;

    internal const string ReadSegmentSql =
        """
        SELECT s.first_position, s.entries, p.payload
        FROM result_segments s
        JOIN batches b ON b.batch_key = s.batch_key
        LEFT JOIN result_payloads p ON p.segment_id = s.segment_id AND b.expired = 0
        WHERE s.segment_id = (SELECT segment_id FROM result_segments
                              WHERE batch_key = $key AND first_position <= $position
                              ORDER BY first_position DESC LIMIT 1)
          AND $position < s.first_position + s.result_count
        """;

    internal const string FindPayloadSql =
        """
        SELECT p.segment_id
        FROM result_segments s
        JOIN batches b ON b.batch_key = s.batch_key AND b.expired = 0
        JOIN result_payloads p ON p.segment_id = s.segment_id
        WHERE s.segment_id = (SELECT segment_id FROM result_segments
                              WHERE batch_key = $key AND first_position <= $position
                              ORDER BY first_position DESC LIMIT 1)
          AND $position < s.first_position + s.result_count
        """;

    internal const string ReadEntriesSql =
        """
        SELECT first_position, entries FROM result_segments
        WHERE batch_key = $key
          AND first_position >= coalesce((SELECT max(first_position) FROM result_segments
                                          WHERE batch_key = $key AND first_position <= $position), 1)
          AND first_position + result_count > $position
          AND EXISTS (SELECT 1 FROM batches WHERE batch_key = $key)
        ORDER BY first_position LIMIT $limit
        """;

    internal const string ListStartedSql =
        """
        SELECT s.indexes FROM batches b JOIN started_requests s ON s.batch_key = b.batch_key
        WHERE b.batch_key = $key AND b.expired = 0 AND b.finished < b.total
        """;

    private readonly SqliteConnection _connection;
    private readonly Statements _statements;
    private readonly Statement _readUsage;
    private readonly Dictionary<OwnerMeasure, Statement> _listOwners;
    private readonly Statement _countBatches;
    private readonly Statement _countPages;
    private readonly Statement _readWindow;
    private readonly Statement _readSegment;
    private readonly Statement _findPayload;
    private readonly Statement _readEntries;
    private readonly Statement _listStarted;

    /// <param name="connection">Is disposed with it.</param>
    public ReadSession(SqliteConnection connection)
    {
        _connection = connection;
        _statements = new Statements(connection);
        _readUsage = _statements.Add(ReadUsageSql, "$owner");
        _listOwners = Enum.GetValues<OwnerMeasure>().ToDictionary(
            measure => measure,
            measure => _statements.Add(ListOwnersSql.Replace("measure", ColumnOf(measure), StringComparison.Ordinal), "$limit"));
        _countBatches = _statements.Add(CountBatchesSql, "$now");
        _countPages = _statements.Add(CountPagesSql);
        _readWindow = _statements.Add(ReadWindowSql, "$key", "$index");
        _readSegment = _statements.Add(ReadSegmentSql, "$key", "$position");
        _findPayload = _statements.Add(FindPayloadSql, "$key", "$position");
        _readEntries = _statements.Add(ReadEntriesSql, "$key", "$position", "$limit");
        _listStarted = _statements.Add(ListStartedSql, "$key");
        Batches = new BatchReads(_statements);
        Messages = new MessageReads(_statements);
        Files = new FileReads(_statements);
        Drafts = new DraftReads(_statements);
    }

    /// <summary>The batches themselves.</summary>
    public BatchReads Batches { get; }

    /// <summary>The messages of webhooks.</summary>
    public MessageReads Messages { get; }

    /// <summary>The files that batches are read from.</summary>
    public FileReads Files { get; }

    /// <summary>The batches that are not accepted yet.</summary>
    public DraftReads Drafts { get; }

    public OwnerUsage ReadUsage(string owner)
    {
        using var reader = _readUsage.Query(owner);
        return reader.Read()
            ? new OwnerUsage(reader.GetInt32(0), reader.GetInt64(1), reader.GetInt64(2))
            : default;
    }

    public IReadOnlyList<OwnerTotals> ListOwners(OwnerMeasure measure, int limit)
    {
        using var reader = _listOwners[measure].Query(limit);
        var owners = new List<OwnerTotals>();
        while (reader.Read())
        {
            owners.Add(new OwnerTotals(
                reader.GetText(0), new OwnerUsage(reader.GetInt32(1), reader.GetInt64(2), reader.GetInt64(3))));
        }

        return owners;
    }

    public StoreTotals ReadTotals(DateTimeOffset now)
    {
        using var batches = _countBatches.Query(now.ToUnixTimeMilliseconds());
        batches.Read();
        using var pages = _countPages.Query();
        pages.Read();
        return new StoreTotals(
            batches.GetInt64(0),
            batches.GetInt64(1),
            batches.GetInt64(2),
            batches.GetInt64(3),
            pages.GetInt64(0),
            pages.GetInt64(1),
            MaxBytes: null);
    }

    public RequestWindow? ReadWindow(long batchKey, int index)
    {
        using var reader = _readWindow.Query(batchKey, index);
        return reader.Read()
            ? new RequestWindow(reader.GetInt32(0), reader.GetInt32(1), reader.GetBlob(2))
            : null;
    }

    public ResultSegment? ReadSegment(long batchKey, int position)
    {
        using var reader = _readSegment.Query(batchKey, position);
        return reader.Read()
            ? new ResultSegment(
                reader.GetInt32(0),
                reader.GetBlob(1),
                reader.IsNull(2) ? null : reader.GetBlob(2))
            : null;
    }

    public int? ReadPayload(long batchKey, int position, int offset, Span<byte> destination)
    {
        // The statement that found it holds the snapshot in which the blob is there.
        using var reader = _findPayload.Query(batchKey, position);
        if (!reader.Read())
        {
            return null;
        }

        using var payload = new SqliteBlob(_connection, "result_payloads", "payload", reader.GetInt64(0), readOnly: true);
        payload.Position = Math.Min(offset, payload.Length);
        return payload.ReadAtLeast(destination, destination.Length, throwOnEndOfStream: false);
    }

    public IReadOnlyList<ResultSegment> ReadEntries(long batchKey, int fromPosition, int limit)
    {
        using var reader = _readEntries.Query(batchKey, fromPosition, limit);
        var segments = new List<ResultSegment>();
        while (reader.Read())
        {
            segments.Add(new ResultSegment(reader.GetInt32(0), reader.GetBlob(1), payload: null));
        }

        return segments;
    }

    public IReadOnlyList<int> ListStarted(long batchKey)
    {
        using var reader = _listStarted.Query(batchKey);
        var indexes = new HashSet<int>();
        while (reader.Read())
        {
            var bytes = reader.GetBlob(0);
            for (var i = 0; i < bytes.Length; i += sizeof(int))
            {
                indexes.Add(BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(i)));
            }
        }

        return [.. indexes];
    }

    public void Dispose()
    {
        _statements.Dispose();
        _connection.Dispose();
    }

    private static string ColumnOf(OwnerMeasure measure) => measure switch
    {
        OwnerMeasure.Batches => "batches",
        OwnerMeasure.Bytes => "bytes",
        _ => "requests",
    };
}
