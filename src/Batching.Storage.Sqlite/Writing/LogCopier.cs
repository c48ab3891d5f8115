using Microsoft.Data.Sqlite;

namespace Batching.Storage.Sqlite.Writing;

/// <summary>
/// Copies what the log gathers into the database (a checkpoint). Most of it is copied on a thread of its own, for which
/// no commit waits. SQLite begins the log anew only at a commit that finds everything copied, so what was logged
/// meanwhile, which is little, is then copied between two commits. Its members are called on the writer's thread.
/// </summary>
internal sealed class LogCopier : IDisposable
{
    // Each time there is less left: what was logged while the time before took.
    private const int TimesBesideWriter = 2;

    private readonly string _path;
    private readonly FileInfo _log;
    private SqliteConnection? _connection;
    private Task? _copying;
    private long _pagesLogged;
    private long _bound = StoreConnection.LogBytes;

    /// <param name="path">The database.</param>
    public LogCopier(string path)
    {
        _path = path;
        _log = new FileInfo($"{path}-wal");
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
            session.Checkpoint();
        }
        else if (_copying is null && _pagesLogged >= StoreConnection.CheckpointPages)
        {
            _copying = Task.Factory.StartNew(
                Copy, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }

        Bound(session);
    }

    public void Dispose()
    {
        _copying?.Wait();
        _connection?.Dispose();
    }

    // The log grows where copying is slower than committing, and where there are enough readers that one is always in
    // it. At a bound, commits wait for the first and, for a moment, until those that are in it have left.
    private void Bound(WriteSession session)
    {
        _log.Refresh();
        if (!_log.Exists || _log.Length <= _bound)
        {
            return;
        }

        _copying?.Wait();
        session.CutLog();
        _log.Refresh();

        // Somebody stays in it, a backup perhaps: don't make every commit wait for that.
        _bound = StoreConnection.LogBytes + (_log.Exists ? _log.Length : 0);
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
