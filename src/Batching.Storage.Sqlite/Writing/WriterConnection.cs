using Microsoft.Data.Sqlite;

namespace Batching.Storage.Sqlite.Writing;

/// <summary>The writer's connection, which a fault may make unsound: then it is replaced. Used on the writer's thread.</summary>
/// <param name="session">The connection to begin with.</param>
/// <param name="open">Makes another one.</param>
internal sealed class WriterConnection(WriteSession session, Func<WriteSession> open)
{
    private WriteSession? _session = session;

    /// <summary>The connection; null if it was given up and nobody has needed one since.</summary>
    public WriteSession? Current => _session;

    /// <summary>The connection, a new one if there is none.</summary>
    /// <exception cref="SqliteException">There can't be one.</exception>
    public WriteSession Get() => _session ??= open();

    /// <summary>Undoes the transaction and sees to it that the next one finds a sound connection.</summary>
    /// <param name="error">What the database said; null if something else went wrong.</param>
    public void Recover(SqliteException? error)
    {
        if (_session is null)
        {
            return;
        }

        try
        {
            _session.Rollback();
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

    /// <summary>Closes the connection, which removes the log if it is the last one.</summary>
    /// <returns>Whether the store could be marked as closed.</returns>
    public bool Close()
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
        return isMarked;
    }
}
