using System.Collections.Concurrent;
using Batching.Engine.Storage;
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

    private static readonly TimeSpan SweepRetry = TimeSpan.FromSeconds(1);

    private readonly string _path;
    private readonly Func<WriteSession> _open;
    private readonly ILogger _logger;
    private readonly BlockingCollection<WriteJob> _jobs = [];
    private readonly LogCopier _copier;
    private readonly DiskReserve _reserve;
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private WriteSession? _session;
    private int _jobsSinceSweep;
    private bool _sweepPending;
    private bool _sweepFailed;
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
        _reserve = reserve;
        _path = path;
        _session = session;
        _open = open;
        _logger = logger;
        _copier = new LogCopier(path);
        _sweepPending = session.Sweeper.Pending;
        _reserve.TryTake();
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
                var wait = !_sweepPending ? Timeout.InfiniteTimeSpan : _sweepFailed ? SweepRetry : TimeSpan.Zero;
                var found = _jobs.TryTake(out var job, wait);
                if (found)
                {
                    Run(job!);
                    _jobsSinceSweep++;
                }

                if (_sweepPending && !_jobs.IsCompleted && (!found || _jobsSinceSweep >= MaxJobsBetweenSweeps))
                {
                    Sweep();
                    if (_sweepFailed)
                    {
                        // Without room for one step there may still be some for it when nothing else is kept.
                        _reserve.Release();
                    }

                    _jobsSinceSweep = 0;
                }
            }
        }
        finally
        {
            _copier.Dispose();
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
        if (IsFull(error))
        {
            FreeRoom();
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
        try
        {
            _copier.OnCommitted(_session!);
        }
        catch (SqliteException e)
        {
            // The commit stands; the next one finds out what is wrong.
            Recover(e);
        }
    }

    // The last connection to close removes the log. Where the store could not be marked as closed, an empty one says that
    // none is missing.
    private void Close()
    {
        var isMarked = false;
        try
        {
            _session?.MarkClosed();
            isMarked = _session is not null;
        }
        catch (SqliteException)
        {
            Recover(null);
        }

        _session?.Dispose();
        if (!isMarked)
        {
            using var log = new FileStream($"{_path}-wal", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite);
        }
    }

    private Exception? TryRun(WriteJob job)
    {
        try
        {
            var session = _session ??= _open();
            if (!job.MayUseReserve && !_reserve.TryTake())
            {
                return new SqliteException("Room on the disk is left for deletions only.", SQLitePCL.raw.SQLITE_FULL);
            }

            session.Begin(job.MayUseReserve);
            job.Run(session);
            session.Commit();
            _sweepPending |= session.Sweeper.Pending;
            return null;
        }
        catch (SqliteException e)
        {
            Recover(e);
            return e;
        }
        catch (Exception e)
        {
            Recover(null);
            return e;
        }
    }

    // To the end, however long others wait: they can't be done before.
    private void FreeRoom()
    {
        _reserve.Release();
        bool goesOn;
        do
        {
            goesOn = TrySweep(session =>
            {
                session.Sweeper.Step();
                return session.Sweeper.Pending;
            });
            Checkpoint();
        }
        while (goesOn);

        // What is free in the file is no use to the log, which needs some of the disk.
        while (!_reserve.TryTake() && TrySweep(session => session.Sweeper.GiveBack()))
        {
            Checkpoint();
        }
    }

    private void Sweep() => TrySweep(session =>
    {
        session.Sweeper.Step();
        return session.Sweeper.Pending;
    });

    // False if it was the last step, or failed.
    private bool TrySweep(Func<WriteSession, bool> step)
    {
        try
        {
            var session = _session ??= _open();
            session.Begin(usesReserve: true);
            var goesOn = step(session);
            session.Commit();
            _sweepPending = session.Sweeper.Pending;
            _sweepFailed = false;
            _copier.OnCommitted(session);
            return goesOn;
        }
        catch (SqliteException e)
        {
            if (!_sweepFailed)
            {
                _sweepFailed = true;
                SqliteStoreLog.StoreSweepFailed(_logger, StoreFaults.NameOf(e), e);
            }

            Recover(e);
            return false;
        }
    }

    private void Checkpoint()
    {
        try
        {
            _session?.Checkpoint();
        }
        catch (SqliteException)
        {
            // There is no room for it yet; the next attempt may have some.
        }
    }

    private static bool IsFull(Exception? error) =>
        error is SqliteException { SqliteErrorCode: SQLitePCL.raw.SQLITE_FULL };

    /// <summary>Undoes the transaction and sees to it that the next one finds a sound connection.</summary>
    private void Recover(SqliteException? error)
    {
        if (_session is null)
        {
            return;
        }

        try
        {
            _session.Rollback();
            if (error?.SqliteErrorCode == SQLitePCL.raw.SQLITE_FULL)
            {
                _session.Checkpoint();
            }

            if (error is null || !StoreFaults.NeedsNewConnection(error))
            {
                return;
            }
        }
        catch (SqliteException)
        {
            // The connection is worse off than was known.
        }

        _session.Dispose();
        _session = null;
    }
}
