using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace Batching.Storage.Sqlite.Writing;

/// <summary>
/// Keeps room in the store: sweeps what was deleted, step by step or, where there is no room left, to the end; has the log
/// copied; and holds the reserve. Used on the writer's thread.
/// </summary>
internal sealed class StoreRoom : IDisposable
{
    private static readonly TimeSpan SweepRetry = TimeSpan.FromSeconds(1);

    private readonly WriterConnection _connection;
    private readonly DiskReserve _reserve;
    private readonly WalCheckpointer _copier;
    private readonly ILogger _logger;
    private bool _hasFailed;

    /// <param name="path">The database.</param>
    /// <param name="connection">The writer's.</param>
    /// <param name="reserve">Room on the disk for what frees some.</param>
    /// <param name="logger">Where faults are reported.</param>
    public StoreRoom(string path, WriterConnection connection, DiskReserve reserve, ILogger logger)
    {
        _connection = connection;
        _reserve = reserve;
        _copier = new WalCheckpointer(path);
        _logger = logger;
        IsSweepPending = connection.Get().Sweeper.Pending;
        reserve.TryClaim();
    }

    /// <summary>Whether there is something to sweep.</summary>
    public bool IsSweepPending { get; private set; }

    /// <summary>The time until the next step of it.</summary>
    public TimeSpan UntilSweep => !IsSweepPending ? Timeout.InfiniteTimeSpan : _hasFailed ? SweepRetry : TimeSpan.Zero;

    /// <summary>Sees to it that the reserve is in place; false if the disk has not enough room for it.</summary>
    public bool TryClaimReserve() => _reserve.TryClaim();

    /// <summary>Gives the reserve up for what frees room.</summary>
    public void ReleaseReserve()
    {
        // What is being copied would take the room.
        _copier.Wait();
        _reserve.Release();
    }

    /// <summary>A transaction was committed.</summary>
    public void OnCommitted(WriteSession session)
    {
        IsSweepPending |= session.Sweeper.Pending;
        try
        {
            _copier.OnCommitted(session);
        }
        catch (SqliteException e)
        {
            // The commit stands; the next one finds out what is wrong.
            _connection.Recover(e);
        }
    }

    /// <summary>Sweeps one step.</summary>
    public void Sweep()
    {
        TrySweep(Step);
        if (_hasFailed)
        {
            // Without room for one step there may still be some for it when nothing else is kept.
            ReleaseReserve();
        }
    }

    /// <summary>
    /// Frees room to the end, however long others wait: they can't be done before. The reserve stays in place where nothing
    /// can be freed: another program could take it.
    /// </summary>
    /// <param name="usesReserve">The room is for what frees some itself.</param>
    public void Free(bool usesReserve)
    {
        if (IsSweepPending)
        {
            ReleaseReserve();
            while (TrySweepInFullLog(Step))
            {
            }
        }

        // What is free in the file is no use to the log, which needs some of the disk, and neither to a copy of it, by which
        // the file grows.
        while (!(TryRestartLog() && (usesReserve || _reserve.TryClaim())) && TryGiveBack())
        {
        }

        if (!usesReserve)
        {
            _reserve.TryClaim();
        }
    }

    public void Dispose() => _copier.Dispose();

    // Pages at the end of the file that were given back are not copied into it: as many at a time as the log may hold.
    private bool TryGiveBack()
    {
        var steps = 0;
        while (steps < StoreConnection.LogBytes / RowSweeper.BytesGivenBackPerStep
            && TrySweepInFullLog(session => session.Sweeper.HasFree() && GiveBack(session)))
        {
            steps++;
        }

        return steps > 0;

        bool GiveBack(WriteSession session)
        {
            ReleaseReserve();
            session.Sweeper.GiveBack();
            return true;
        }
    }

    private bool TrySweepInFullLog(Func<WriteSession, bool> step)
    {
        if (TrySweep(step))
        {
            return true;
        }

        if (!_hasFailed)
        {
            return false;
        }

        TryRestartLog();
        return TrySweep(step);
    }

    private static bool Step(WriteSession session)
    {
        session.Sweeper.Step();
        return session.Sweeper.Pending;
    }

    // False if it was the last step, or failed.
    private bool TrySweep(Func<WriteSession, bool> step)
    {
        try
        {
            var session = _connection.Get();
            session.Begin(usesReserve: true);
            var goesOn = step(session);
            session.Commit();
            _hasFailed = false;
            IsSweepPending = session.Sweeper.Pending;
            OnCommitted(session);
            return goesOn;
        }
        catch (SqliteException e)
        {
            if (!_hasFailed)
            {
                _hasFailed = true;
                SqliteStoreLog.StoreSweepFailed(_logger, StoreFaults.NameOf(e), e);
            }

            _connection.Recover(e);
            return false;
        }
    }

    private bool TryRestartLog()
    {
        try
        {
            return _connection.Current is { } session && _copier.TryRestartLog(session);
        }
        catch (SqliteException)
        {
            // The next attempt finds out what is wrong.
            return false;
        }
    }
}
