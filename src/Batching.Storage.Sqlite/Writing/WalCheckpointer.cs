using Microsoft.Data.Sqlite;

namespace Batching.Storage.Sqlite.Writing;

/// <summary>
/// Copies what the log gathers into the database (a checkpoint). Most of it is copied on a thread of its own, for which
/// no commit waits. SQLite begins the log anew only at a commit that finds everything copied, so what was logged
/// meanwhile, which is little, is then copied between two commits. Its members are called on the writer's thread.
/// </summary>
/// <remarks>
/// The database grows by what is copied. Where the disk has no room for all of that nothing is copied: the log could not
/// begin anew, and the room is what deletions need to be logged.
/// </remarks>
internal sealed class WalCheckpointer : IDisposable
{
    // Each time there is less left: what was logged while the time before took.
    private const int TimesBesideWriter = 2;

    private readonly string _path;
    private readonly FileInfo _log;
    private readonly FileInfo _database;
    private readonly DriveInfo _disk;
    private SqliteConnection? _connection;
    private Task? _copying;
    private long _pagesLogged;
    private long _bound = StoreConnection.LogBytes;

    /// <param name="path">The database.</param>
    public WalCheckpointer(string path)
    {
        _path = path;
        _log = new FileInfo($"{path}-wal");
        _database = new FileInfo(path);
        _disk = new DriveInfo(Path.GetFullPath(path));
    }

    /// <summary>A transaction was committed: copies if it is time to.</summary>
    /// <exception cref="SqliteException">What is committed stands, but the writer's connection may be unsound.</exception>
    public void OnCommitted(WriteSession session)
    {
        _pagesLogged += session.TakePagesLogged();
        if (_copying is { IsCompleted: true })
        {
            _copying = null;
            _pagesLogged = 0;
            if (HasRoom(session))
            {
                session.Checkpoint();
            }
        }
        else if (_copying is null && _pagesLogged >= StoreConnection.CheckpointPages && HasRoom(session))
        {
            _copying = Task.Factory.StartNew(
                Copy, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }

        Bound(session);
    }

    /// <summary>Copies all that is logged, so that the log begins anew with the next commit.</summary>
    /// <returns>False if there is no room for it, or a reader stays in the log.</returns>
    /// <exception cref="SqliteException">The writer's connection may be unsound.</exception>
    public bool TryRestartLog(WriteSession session)
    {
        // Two can't copy at the same time: the second would do nothing.
        Wait();
        return HasRoom(session) && session.TryRestartLog();
    }

    /// <summary>Waits until nothing is being copied.</summary>
    public void Wait() => _copying?.Wait();

    public void Dispose()
    {
        Wait();
        _connection?.Dispose();
    }

    // The log grows where copying is slower than committing, and where there are enough readers that one is always in
    // it. At a bound, commits wait for the first and, for a moment, until those that are in it have left.
    private void Bound(WriteSession session)
    {
        var length = LogLength();
        if (length <= StoreConnection.LogBytes)
        {
            _bound = StoreConnection.LogBytes;
            return;
        }

        var waits = length > _bound;
        if (waits)
        {
            Wait();
        }
        else if (_copying is { IsCompleted: false })
        {
            return;
        }

        if (HasRoom(session))
        {
            session.CutLog(waits);
        }

        if (waits)
        {
            // Somebody stays in it, a backup perhaps: don't make every commit wait for that. As soon as nobody does, it is cut.
            _bound = StoreConnection.LogBytes + LogLength();
        }
    }

    private long LogLength()
    {
        _log.Refresh();
        return _log.Exists ? _log.Length : 0;
    }

    private bool HasRoom(WriteSession session)
    {
        _database.Refresh();
        return session.DatabaseBytes - _database.Length <= _disk.AvailableFreeSpace;
    }

    private void Copy()
    {
        try
        {
            _connection ??= StoreConnection.OpenCopier(_path);
            for (var i = 0; i < TimesBesideWriter; i++)
            {
                StoreConnection.Checkpoint(_connection);
            }
        }
        catch (SqliteException)
        {
            // Nothing is lost. The writer copies next and finds out what is wrong.
            _connection?.Dispose();
            _connection = null;
        }
    }
}
