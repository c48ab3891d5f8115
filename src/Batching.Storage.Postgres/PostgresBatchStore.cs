using System.Runtime.CompilerServices;
using Batching.Engine.Model;
using Batching.Engine.Storage;
using Batching.Storage.Postgres.Holding;
using Batching.Storage.Postgres.Opening;
using Batching.Storage.Postgres.Reading;
using Batching.Storage.Postgres.Sharing;
using Batching.Storage.Postgres.Writing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Batching.Storage.Postgres;

/// <summary>
/// Keeps batches in a PostgreSQL database, which several gateways may be started on. They share the work, or one of them acts for it at
/// a time. Each holds what it has for as long as its lease lives; a commit of one that is dead changes nothing.
/// </summary>
/// <remarks>
/// A commit is one transaction and one round trip, flushed to the disk before it is reported. Optional parts
/// of the interface are in files of their own. Longer than other files: it is a member for each of the interface, and hardly more.
/// </remarks>
public sealed partial class PostgresBatchStore : IBatchStore
{
    // Entries of so many segments are in memory at a time while they are read through.
    private const int SegmentsPerPage = 32;

    private readonly PostgresStoreOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SecretWrapper _secrets;
    private readonly string _instance = Guid.NewGuid().ToString("N");
    private Database? _database;
    private RowReader? _rows;
    private StoreReader? _reader;
    private GatewayLease? _lease;
    private StoreWriter? _writer;
    private StoreMaintenance? _maintenance;
    private bool _disposed;

    /// <summary>Prepares a store; nothing is touched before <see cref="OpenAsync"/>.</summary>
    /// <exception cref="OptionsValidationException">The options are out of their bounds.</exception>
    public PostgresBatchStore(IOptions<PostgresStoreOptions> options, TimeProvider time, ILogger<PostgresBatchStore> logger)
    {
        _options = options.Value;
        _time = time;
        _logger = logger;
        var problems = _options.Validate().ToList();
        if (problems.Count > 0)
        {
            throw new OptionsValidationException(Options.DefaultName, typeof(PostgresStoreOptions), problems);
        }

        _secrets = new SecretWrapper(_options.MasterKey);
        Hold = new StoreHold(time);
    }

    /// <inheritdoc />
    public long MaxPayloadBytes => StoreWriter.MaxCommitBytes / 2;

    /// <inheritdoc />
    public StoreHold Hold { get; }

    /// <inheritdoc />
    public ISharedWork? Sharing { get; private set; }

    private Database Database => _database ?? throw NotOpen();

    private StoreReader Reader => _disposed ? throw NotOpen() : _reader ?? throw NotOpen();

    private RowReader Rows => _disposed ? throw NotOpen() : _rows ?? throw NotOpen();

    private StoreWriter Writer => _disposed ? throw NotOpen() : _writer ?? throw NotOpen();

    /// <inheritdoc />
    public async ValueTask OpenAsync(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_database is not null)
        {
            throw new InvalidOperationException("The store is open already.");
        }

        cancellationToken.ThrowIfCancellationRequested();
        Database? database = null;
        try
        {
            database = new Database(_options, _instance);
            await using var connection = await database.OpenAsync(CancellationToken.None);
            await SchemaMigrations.OpenAsync(connection);
        }
        catch (Exception e)
        {
            if (database is not null)
            {
                await database.DisposeAsync();
            }

            throw PostgresFaults.IsFault(e) ? PostgresFaults.TranslateStart(e) : e is ArgumentException ? new StoreUnusableException(
                $"The connection string of {PostgresStoreOptions.ConnectionKey} can't be read: {e.Message}", e) : e;
        }

        _database = database;
        _rows = new RowReader(database, _logger);
        _reader = new StoreReader(_rows);
        _lease = new GatewayLease(database, Hold, _instance, _options.Lease, _options.Sharing, _time, _logger);
    }

    /// <inheritdoc />
    public async ValueTask<bool> TryAcquireAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            if (!await _lease!.TryAcquireAsync())
            {
                return false;
            }
        }
        catch (Exception e) when (PostgresFaults.IsFault(e))
        {
            Database.Clear();
            throw PostgresFaults.Translate(e);
        }

        var gatewayId = _lease.GatewayId;
        _writer = new StoreWriter(Database, Hold, gatewayId, _options.Sharing, _time, _logger);
        _maintenance = new StoreMaintenance(new RowSweeper(Database, gatewayId), _writer, Hold, _time, _logger);
        Sharing = _options.Sharing ? new SharedWork(Database, Hold, gatewayId, _time, _logger) : null;
        return true;
    }

    /// <inheritdoc />
    public void GiveUp() => _writer?.GiveUp();

    /// <inheritdoc />
    public async ValueTask<long> ReserveKeysAsync(long count, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);

        // Numbers that were reserved by an answer that is lost are never used.
        return await Writer.RunAsync(
            async connection => (long)(await connection.ScalarAsync(
                "UPDATE key_counter SET next_key = next_key + $1 RETURNING next_key - $1", Sql.Of(count)))!,
            cancellationToken);
    }

    /// <inheritdoc />
    public async ValueTask CommitAsync(IReadOnlyList<StoreWrite> writes, CancellationToken cancellationToken)
    {
        if (writes.Count == 0)
        {
            return;
        }

        await Writer.CommitAsync(writes, cancellationToken);
        if (writes.Any(static write => write is StoreWrite.Delete or StoreWrite.Expire or StoreWrite.AppendResults { Batch.DoneTime: not null }))
        {
            _maintenance!.Signal();
        }
    }

    /// <inheritdoc />
    public ValueTask<BatchRecord?> FindBatchAsync(long batchKey, CancellationToken cancellationToken) =>
        Reader.FindBatchAsync(batchKey, cancellationToken);

    /// <inheritdoc />
    public ValueTask<BatchRecord?> FindBatchAsync(string owner, long batchKey, CancellationToken cancellationToken) =>
        Reader.FindBatchAsync(owner, batchKey, cancellationToken);

    /// <inheritdoc />
    public ValueTask<BatchRecord?> FindBatchAsync(string owner, string submissionKey, CancellationToken cancellationToken) =>
        Reader.FindBatchAsync(owner, submissionKey, cancellationToken);

    /// <inheritdoc />
    public ValueTask<OwnerUsage> ReadUsageAsync(string owner, CancellationToken cancellationToken) =>
        Reader.ReadUsageAsync(owner, cancellationToken);

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<OwnerTotals>> ListOwnersAsync(
        OwnerMeasure measure, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        return Reader.ListOwnersAsync(measure, limit, cancellationToken);
    }

    /// <inheritdoc />
    public ValueTask<StoreTotals?> ReadTotalsAsync(DateTimeOffset now, CancellationToken cancellationToken) =>
        Reader.ReadTotalsAsync(now, cancellationToken);

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<BatchRecord>> ListBatchesAsync(
        string owner, long beforeKey, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        return Reader.ListBatchesAsync(owner, beforeKey, limit, cancellationToken);
    }

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<BatchRecord>> ListUnfinishedAsync(
        long afterKey, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        return Reader.ListUnfinishedAsync(afterKey, limit, cancellationToken);
    }

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<BatchRecord>> ListToStartAsync(
        DateTimeOffset after, long afterKey, DateTimeOffset until, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        return Reader.ListToStartAsync(after, afterKey, until, limit, cancellationToken);
    }

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<BatchRecord>> ListToExpireAsync(
        DateTimeOffset now, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        return Reader.ListToExpireAsync(now, limit, cancellationToken);
    }

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<BatchRecord>> ListToDeleteAsync(
        DateTimeOffset now, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        return Reader.ListToDeleteAsync(now, limit, cancellationToken);
    }

    /// <inheritdoc />
    public ValueTask<RequestWindow?> ReadWindowAsync(long batchKey, int index, CancellationToken cancellationToken) =>
        Reader.ReadWindowAsync(batchKey, index, cancellationToken);

    /// <inheritdoc />
    public ValueTask<ResultSegment?> ReadSegmentAsync(long batchKey, int position, CancellationToken cancellationToken) =>
        Reader.ReadSegmentAsync(batchKey, position, cancellationToken);

    /// <inheritdoc />
    public ValueTask<int?> ReadPayloadAsync(
        long batchKey, int position, int offset, Memory<byte> destination, CancellationToken cancellationToken) =>
        Reader.ReadPayloadAsync(batchKey, position, offset, destination, cancellationToken);

    /// <inheritdoc />
    public async IAsyncEnumerable<ResultSegment> ReadEntriesAsync(
        long batchKey, int fromPosition, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // By the page: a transaction held while the consumer takes its time would keep dead rows from being removed.
        var next = fromPosition;
        while (true)
        {
            var page = await Reader.ReadEntriesAsync(batchKey, next, SegmentsPerPage, cancellationToken);
            foreach (var segment in page)
            {
                yield return segment;
            }

            if (page.Count < SegmentsPerPage)
            {
                yield break;
            }

            next = page[^1].LastPosition + 1;
        }
    }

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<int>> ListStartedAsync(long batchKey, CancellationToken cancellationToken) =>
        Reader.ListStartedAsync(batchKey, cancellationToken);

    /// <summary>Does what is waiting to be committed, closes the connections and lets others have the store.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        if (_maintenance is not null)
        {
            await _maintenance.DisposeAsync();
        }

        if (_writer is not null)
        {
            await _writer.DisposeAsync();
        }

        if (_lease is not null)
        {
            await _lease.DisposeAsync();
        }

        if (_database is not null)
        {
            await _database.DisposeAsync();
        }

        Hold.Dispose();
    }

    private InvalidOperationException NotOpen() => _disposed
        ? new ObjectDisposedException(nameof(PostgresBatchStore))
        : new InvalidOperationException("The store is not open, or another gateway holds it.");
}
