using System.Runtime.CompilerServices;
using Batching.Engine.Model;
using Batching.Engine.Storage;
using Batching.Storage.Sqlite.Opening;
using Batching.Storage.Sqlite.Reading;
using Batching.Storage.Sqlite.Writing;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Batching.Storage.Sqlite;

/// <summary>
/// Keeps batches in one SQLite database, in a directory that belongs to one process at a time. Commits go through a
/// thread of their own; reads run on the caller's thread, each on a snapshot, and don't wait for commits.
/// </summary>
/// <remarks>
/// A commit is in the write-ahead log and flushed to the disk before it is reported (<c>synchronous=FULL</c>).
/// Space that deletions free is used again; the file shrinks only when more than half of it is free. The file is
/// longer than others: it has all members of the interface, most of them one call.
/// </remarks>
public sealed partial class SqliteBatchStore : IBatchStore
{
    // Entries of so many segments are in memory at a time while they are read through.
    private const int SegmentsPerPage = 32;

    private readonly SqliteStoreOptions _options;
    private readonly StoreBound _bound;
    private readonly ILogger _logger;
    private StoreDirectory? _directory;
    private StoreWriter? _writer;
    private ReadPool? _readers;
    private bool _disposed;

    /// <summary>Prepares a store; nothing is touched before <see cref="OpenAsync"/>.</summary>
    /// <exception cref="OptionsValidationException">The options are out of their bounds.</exception>
    public SqliteBatchStore(IOptions<SqliteStoreOptions> options, ILogger<SqliteBatchStore> logger)
    {
        _options = options.Value;
        _logger = logger;
        var problems = _options.Validate().ToList();
        if (problems.Count > 0)
        {
            throw new OptionsValidationException(Options.DefaultName, typeof(SqliteStoreOptions), problems);
        }

        _bound = StoreBound.Of(_options.MaxFileBytes);
    }

    /// <inheritdoc />
    public long MaxPayloadBytes => _bound.MaxPayloadBytes;

    private StoreWriter Writer => _writer ?? throw NotOpen();

    private ReadPool Readers => _readers ?? throw NotOpen();

    /// <inheritdoc />
    public async ValueTask OpenAsync(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_writer is not null)
        {
            throw new InvalidOperationException("The store is open already.");
        }

        await Task.Run(Open, cancellationToken);
    }

    /// <inheritdoc />
    public async ValueTask<byte[]> GetOrAddSecretAsync(
        string name, byte[] candidate, CancellationToken cancellationToken) =>
        await Writer.RunAsync(
            session => session.GetOrAddSecret(name, candidate), mayUseReserve: true, cancellationToken);

    /// <inheritdoc />
    public async ValueTask<long> ReserveKeysAsync(long count, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return await Writer.RunAsync(session => session.ReserveKeys(count), mayUseReserve: true, cancellationToken);
    }

    /// <inheritdoc />
    public async ValueTask CommitAsync(IReadOnlyList<StoreWrite> writes, CancellationToken cancellationToken)
    {
        if (writes.Count == 0)
        {
            return;
        }

        await Writer.RunAsync(
            session =>
            {
                foreach (var write in writes)
                {
                    session.Apply(write);
                }

                return true;
            },
            mayUseReserve: writes.All(write => write.FreesRoom),
            cancellationToken);
    }

    /// <inheritdoc />
    public ValueTask<BatchRecord?> FindBatchAsync(long batchKey, CancellationToken cancellationToken) =>
        Read(batchKey, static (session, key) => session.Batches.Find(key), cancellationToken);

    /// <inheritdoc />
    public ValueTask<BatchRecord?> FindBatchAsync(
        string owner, long batchKey, CancellationToken cancellationToken) =>
        Read((owner, batchKey), static (session, x) => session.Batches.Find(x.owner, x.batchKey), cancellationToken);

    /// <inheritdoc />
    public ValueTask<BatchRecord?> FindBatchAsync(
        string owner, string submissionKey, CancellationToken cancellationToken) =>
        Read(
            (owner, submissionKey), static (session, x) => session.Batches.Find(x.owner, x.submissionKey), cancellationToken);

    /// <inheritdoc />
    public ValueTask<OwnerUsage> ReadUsageAsync(string owner, CancellationToken cancellationToken) =>
        Read(owner, static (session, owner) => session.ReadUsage(owner), cancellationToken);

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<OwnerTotals>> ListOwnersAsync(
        OwnerMeasure measure, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        return Read((measure, limit), static (session, x) => session.ListOwners(x.measure, x.limit), cancellationToken);
    }

    /// <inheritdoc />
    public async ValueTask<StoreTotals?> ReadTotalsAsync(DateTimeOffset now, CancellationToken cancellationToken) =>
        await Read(now, static (session, now) => session.ReadTotals(now), cancellationToken) with
        {
            MaxBytes = _options.MaxFileBytes,
        };

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<BatchRecord>> ListBatchesAsync(
        string owner, long beforeKey, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        return Read(
            (owner, beforeKey, limit),
            static (session, x) => session.Batches.List(x.owner, x.beforeKey, x.limit),
            cancellationToken);
    }

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<BatchRecord>> ListUnfinishedAsync(
        long afterKey, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        return Read(
            (afterKey, limit), static (session, x) => session.Batches.ListUnfinished(x.afterKey, x.limit), cancellationToken);
    }

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<BatchRecord>> ListToStartAsync(
        DateTimeOffset after, long afterKey, DateTimeOffset until, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        return Read(
            (after, afterKey, until, limit),
            static (session, x) => session.Batches.ListToStart(x.after, x.afterKey, x.until, x.limit),
            cancellationToken);
    }

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<BatchRecord>> ListToExpireAsync(
        DateTimeOffset now, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        return Read((now, limit), static (session, x) => session.Batches.ListToExpire(x.now, x.limit), cancellationToken);
    }

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<BatchRecord>> ListToDeleteAsync(
        DateTimeOffset now, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        return Read((now, limit), static (session, x) => session.Batches.ListToDelete(x.now, x.limit), cancellationToken);
    }

    /// <inheritdoc />
    public ValueTask<RequestWindow?> ReadWindowAsync(long batchKey, int index, CancellationToken cancellationToken) =>
        Read((batchKey, index), static (session, x) => session.ReadWindow(x.batchKey, x.index), cancellationToken);

    /// <inheritdoc />
    public ValueTask<ResultSegment?> ReadSegmentAsync(
        long batchKey, int position, CancellationToken cancellationToken) =>
        Read(
            (batchKey, position),
            static (session, x) => session.ReadSegment(x.batchKey, x.position),
            cancellationToken);

    /// <inheritdoc />
    public ValueTask<int?> ReadPayloadAsync(
        long batchKey, int position, int offset, Memory<byte> destination, CancellationToken cancellationToken) =>
        Read(
            (batchKey, position, offset, destination),
            static (session, x) => session.ReadPayload(x.batchKey, x.position, x.offset, x.destination.Span),
            cancellationToken);

    /// <inheritdoc />
    public async IAsyncEnumerable<ResultSegment> ReadEntriesAsync(
        long batchKey, int fromPosition, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // By the page: a snapshot held while the consumer takes its time would keep the log from being reused.
        var next = fromPosition;
        while (true)
        {
            var page = await Read(
                (batchKey, next),
                static (session, x) => session.ReadEntries(x.batchKey, x.next, SegmentsPerPage),
                cancellationToken);
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
        Read(batchKey, static (session, key) => session.ListStarted(key), cancellationToken);

    /// <summary>Does what is waiting to be committed, closes the files and lets others have the directory.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;

        // The writer last: the last connection to close copies the log into the database and removes it.
        _readers?.Dispose();
        if (_writer is not null)
        {
            await _writer.DisposeAsync();
        }

        _directory?.Dispose();
    }

    private void Open()
    {
        var directory = StoreDirectory.Acquire(_options.Directory);
        try
        {
            var path = directory.DatabasePath;
            StoreInspection.Check(path);

            // On a full disk the start itself may need it.
            var reserve = new DiskReserve(directory.ReservePath);
            reserve.Release();
            directory.CreateDatabaseFile();
            var session = Migrate(path, out var firstOwnKey);
            _readers = new ReadPool(path, _logger);
            _directory = directory;
            _writer = new StoreWriter(path, session, OpenSession, reserve, _logger);
            SqliteStoreLog.StoreOpened(_logger, path, SchemaMigrations.CurrentVersion, new FileInfo(path).Length);

            WriteSession OpenSession() => new(StoreConnection.OpenWriter(path, _bound), firstOwnKey, _bound);
        }
        catch (Exception e)
        {
            directory.Dispose();
            if (e is SqliteException error)
            {
                throw StoreFaults.Translate(error);
            }

            throw;
        }
    }

    private WriteSession Migrate(string path, out long firstOwnKey)
    {
        var connection = StoreConnection.OpenWriter(path, _bound);
        try
        {
            var found = SchemaMigrations.Run(connection);
            if (found < SchemaMigrations.CurrentVersion)
            {
                // The version belongs into the file itself, where an older release finds it before it opens anything.
                StoreConnection.Run(connection, "PRAGMA wal_checkpoint(TRUNCATE)");
                SqliteStoreLog.StoreMigrated(_logger, found, SchemaMigrations.CurrentVersion);
            }

            if (StoreState.Open(connection, path))
            {
                SqliteStoreLog.StoreIsCopy(_logger, path);
            }

            firstOwnKey = (long)StoreConnection.Scalar(connection, "SELECT next_key FROM key_counter")!;
            return new WriteSession(connection, firstOwnKey, _bound);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private ValueTask<T> Read<T, TArguments>(
        TArguments arguments, Func<ReadSession, TArguments, T> read, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<T>(cancellationToken);
        }

        try
        {
            return ValueTask.FromResult(Readers.Read(arguments, read));
        }
        catch (Exception e)
        {
            return ValueTask.FromException<T>(e);
        }
    }

    private InvalidOperationException NotOpen() => _disposed
        ? new ObjectDisposedException(nameof(SqliteBatchStore))
        : new InvalidOperationException("The store is not open.");
}
