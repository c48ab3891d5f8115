using Batching.Engine.Storage;
using Microsoft.Data.Sqlite;
using static SQLitePCL.raw;

namespace Batching.Storage.Sqlite;

/// <summary>Translates SQLite's errors for the engine. The messages name neither paths nor SQL.</summary>
internal static class StoreFaults
{
    /// <summary>
    /// Whether there is no room. Where that is missed for the log's index, which grows by a piece for each 33 MB of the log,
    /// SQLite calls it an input or output error.
    /// </summary>
    public static bool IsFull(SqliteException error) =>
        error.SqliteErrorCode == SQLITE_FULL || error.SqliteExtendedErrorCode == SQLITE_IOERR_SHMSIZE;

    /// <summary>Puts the error into the engine's words.</summary>
    public static Exception Translate(SqliteException error) => error.SqliteErrorCode switch
    {
        _ when IsFull(error) => new StoreUnavailableException("The store is full.", error) { IsFull = true },
        SQLITE_BUSY or SQLITE_LOCKED => new StoreUnavailableException("The store is locked by another program.", error),
        SQLITE_READONLY or SQLITE_PERM => new StoreUnavailableException("The store can't be written.", error),
        SQLITE_IOERR or SQLITE_CANTOPEN or SQLITE_NOMEM or SQLITE_PROTOCOL or SQLITE_INTERRUPT =>
            new StoreUnavailableException("The store can't be read or written at the moment.", error),
        SQLITE_CORRUPT or SQLITE_NOTADB => new StoreUnusableException(
            "The store's file is damaged. Stop the service and restore the file from a backup.", error),
        _ => new InvalidOperationException("The store refused a change that contradicts what it holds.", error),
    };

    /// <summary>The name of the error, for the log.</summary>
    public static string NameOf(SqliteException error) => error.SqliteErrorCode switch
    {
        _ when IsFull(error) => "disk full",
        SQLITE_BUSY or SQLITE_LOCKED => "locked by another program",
        SQLITE_READONLY or SQLITE_PERM => "no permission to write",
        SQLITE_IOERR => "input or output error",
        SQLITE_CANTOPEN => "a file can't be opened",
        SQLITE_NOMEM => "out of memory",
        SQLITE_CORRUPT or SQLITE_NOTADB => "the file is damaged",
        _ => $"SQLite error {error.SqliteExtendedErrorCode}",
    };

    /// <summary>
    /// After such an error a connection may hold stale state (a lost file, a half-done recovery): it is replaced. A
    /// full disk or a refused row leaves it as good as before.
    /// </summary>
    public static bool NeedsNewConnection(SqliteException error) =>
        !IsFull(error)
        && error.SqliteErrorCode is not (SQLITE_BUSY or SQLITE_CONSTRAINT or SQLITE_MISMATCH or SQLITE_TOOBIG);
}
