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

    private static readonly TimeSpan SweepRetry = TimeSpan.FromSeconds(1);

    private readonly string _path;
    private readonly Func<WriteSession> _open;
    private readonly ILogger _logger;
    private readonly BlockingCollection<WriteJob> _jobs = [];
    private readonly LogCopier _copier;
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private WriteSession? _session;
    private int _jobsSinceSweep;
    private bool _sweepPending;
    private bool _sweepFailed;
    private bool _failing;

    /// <param name="path">The database, for the log.</param>
    /// <param name="session">The connection to begin with.</param>
    /// <param name="open">Makes another one after a fault.</param>
    /// <param name="logger">Where faults are reported.</param>
    public StoreWriter(string path, WriteSession session, Func<WriteSession> open, ILogger logger)
    {
        _path = path;
        _session = session;
        _open = open;
        _logger = logger;
        _copier = new LogCopier(path);
        _sweepPending = session.Sweeper.Pending;
        new Thread(Loop) { IsBackground = true, Name = "Batch store writer" }.Start();
    }

    /// <summary>Runs work in a transaction of its own; done when that is durable.</summary>
    public Task<T> RunAsync<T>(Func<WriteSession, T> work, CancellationToken cancellationToken)
    {
        var job = new WriteJob<T>(work, cancellationToken);
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
                    _jobsSinceSweep = 0;
                }
            }
        }
        finally
        {
            _copier.Dispose();
            _session?.Dispose();
            _stopped.SetResult();
        }
    }

    private void Run(WriteJob job)
    {
        if (job.EndIfCancelled())
        {
            return;
        }

        try
        {
            var session = _session ??= _open();
            session.Begin();
            job.Run(session);
            session.Commit();
        }
        catch (SqliteException e)
        {
            var error = StoreFaults.Translate(e);
            if (error is not InvalidOperationException && !_failing)
            {
                _failing = true;
                SqliteStoreLog.StoreWriteFailed(_logger, _path, StoreFaults.NameOf(e), e);
            }

            Recover(e);
            job.Fail(error);
            return;
        }
        catch (Exception e)
        {
            Recover(null);
            job.Fail(e);
            return;
        }

        if (_failing)
        {
            _failing = false;
            SqliteStoreLog.StoreWriteRecovered(_logger);
        }

        _sweepPending |= _session.Sweeper.Pending;
        job.Complete();
        try
        {
            _copier.OnCommitted(_session);
        }
        catch (SqliteException e)
        {
            // The commit stands; the next one finds out what is wrong.
            Recover(e);
        }
    }

    private void Sweep()
    {
        try
        {
            var session = _session ??= _open();
            session.Begin();
            session.Sweeper.Step();
            session.Commit();
            _copier.OnCommitted(session);
            _sweepPending = session.Sweeper.Pending;
            _sweepFailed = false;
        }
        catch (SqliteException e)
        {
            if (!_sweepFailed)
            {
                _sweepFailed = true;
                SqliteStoreLog.StoreSweepFailed(_logger, StoreFaults.NameOf(e), e);
            }

            Recover(e);
        }
    }

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
