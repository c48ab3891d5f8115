using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace Batching.Storage.Sqlite.Writing;

/// <summary>
/// The one thread that changes the database. SQLite has one writer at a time and every commit waits for the disk;
/// on a thread of its own that wait costs nobody else anything.
/// </summary>
internal sealed class StoreWriter : IAsyncDisposable
{
    // Under load sweeping would never have its turn without this. A step deletes what about 4 groups bring.
    private const int MaxJobsBetweenSweeps = 4;

    private const long LogIntervalMilliseconds = 60_000;

    private readonly string _path;
    private readonly WriterConnection _connection;
    private readonly StoreRoom _room;
    private readonly ILogger _logger;
    private readonly BlockingCollection<WriteJob> _jobs = [];
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _jobsSinceSweep;
    private long _lastLog = -LogIntervalMilliseconds;
    private bool _failing;

    /// <param name="path">The database, for the log.</param>
    /// <param name="session">The connection to begin with.</param>
    /// <param name="open">Makes another one after a fault.</param>
    /// <param name="reserve">Room on the disk for what frees some.</param>
    /// <param name="logger">Where faults are reported.</param>
    public StoreWriter(
        string path, WriteSession session, Func<WriteSession> open, DiskReserve reserve, ILogger logger)
    {
        _path = path;
        _connection = new WriterConnection(session, open);
        _room = new StoreRoom(path, _connection, reserve, logger);
        _logger = logger;
        new Thread(Loop) { IsBackground = true, Name = "Batch store writer" }.Start();
    }

    /// <summary>Runs work in a transaction of its own, a second time if there was no room; done when that is durable.</summary>
    public Task<T> RunAsync<T>(Func<WriteSession, T> work, bool mayUseReserve, CancellationToken cancellationToken)
    {
        var job = new WriteJob<T>(work, mayUseReserve, cancellationToken);
        try
        {
            _jobs.Add(job, CancellationToken.None);
        }
        catch (InvalidOperationException)
        {
            throw new ObjectDisposedException(nameof(SqliteBatchStore));
        }

        return job.Task;
    }

    /// <summary>Refuses new work, does what is waiting, and closes the connection.</summary>
    public async ValueTask DisposeAsync()
    {
        _jobs.CompleteAdding();
        await _stopped.Task;
    }

    private void Loop()
    {
        try
        {
            while (!_jobs.IsCompleted)
            {
                var found = _jobs.TryTake(out var job, _room.UntilSweep);
                if (found)
                {
                    Run(job!);
                    _jobsSinceSweep++;
                }

                if (_room.IsSweepPending && !_jobs.IsCompleted && (!found || _jobsSinceSweep >= MaxJobsBetweenSweeps))
                {
                    _room.Sweep();
                    _jobsSinceSweep = 0;
                }
            }
        }
        finally
        {
            _room.Dispose();
            Close();
            _stopped.SetResult();
        }
    }

    private void Run(WriteJob job)
    {
        if (job.EndIfCancelled())
        {
            return;
        }

        var error = TryRun(job);
        if (IsFull(error) && job.MayUseReserve)
        {
            // First without a copy of the log, which takes room of the disk, too.
            _room.ReleaseReserve();
            error = TryRun(job);
        }

        if (IsFull(error))
        {
            _room.Free(job.MayUseReserve);
            error = TryRun(job);
        }

        if (error is SqliteException fault)
        {
            error = StoreFaults.Translate(fault);
            var now = Environment.TickCount64;
            if (error is not InvalidOperationException && !_failing && now - _lastLog >= LogIntervalMilliseconds)
            {
                // Where there is room for some changes and for others not, not each time.
                _failing = true;
                _lastLog = now;
                SqliteStoreLog.StoreWriteFailed(_logger, _path, StoreFaults.NameOf(fault), fault);
            }
        }

        if (error is not null)
        {
            job.Fail(error);
            return;
        }

        // What frees room says nothing about what takes some.
        if (_failing && !job.MayUseReserve)
        {
            _failing = false;
            SqliteStoreLog.StoreWriteRecovered(_logger);
        }

        job.Complete();
        _room.OnCommitted(_connection.Get());
    }

    // Where the store could not be marked as closed, an empty log says that none is missing.
    private void Close()
    {
        if (!_connection.Close())
        {
            using var log = new FileStream($"{_path}-wal", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite);
        }
    }

    private Exception? TryRun(WriteJob job)
    {
        try
        {
            var session = _connection.Get();
            if (!job.MayUseReserve && !_room.TryClaimReserve())
            {
                return new SqliteException("Room on the disk is left for deletions only.", SQLitePCL.raw.SQLITE_FULL);
            }

            session.Begin(job.MayUseReserve);
            job.Run(session);
            session.Commit();
            return null;
        }
        catch (SqliteException e)
        {
            _connection.Recover(e);
            return e;
        }
        catch (Exception e)
        {
            _connection.Recover(null);
            return e;
        }
    }

    private static bool IsFull(Exception? error) => error is SqliteException fault && StoreFaults.IsFull(fault);
}
