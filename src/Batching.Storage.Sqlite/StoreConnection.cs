using Microsoft.Data.Sqlite;
using static SQLitePCL.raw;

namespace Batching.Storage.Sqlite;

/// <summary>How connections are opened and set up.</summary>
internal static class StoreConnection
{
    /// <summary>
    /// Results are 64 KiB blobs mostly: with larger pages fewer have to be chained, with smaller ones the many small
    /// changes of a commit log less. Measured with 1 KiB bodies, groups of 2,000 results: see docs of the store.
    /// </summary>
    public const int PageSize = 16 * 1024;

    // Pages in the log before they are copied into the database, which happens on the writer's thread: 32 MiB.
    private const int CheckpointPages = 2048;

    // The log is cut back to this after a burst.
    private const int LogBytes = 64 * 1024 * 1024;

    private const int WriterCacheKibibytes = 32 * 1024;
    private const int ReaderCacheKibibytes = 2 * 1024;

    // How long to wait for another program (a backup, a shell) that has locked the database, in seconds.
    private const int BusySeconds = 2;

    public static SqliteConnection OpenWriter(string path, long? maxFileBytes)
    {
        var connection = Open(path, SqliteOpenMode.ReadWrite);
        try
        {
            // The first two have an effect on an empty file only. No mmap here or in readers: behind a mapping a
            // failing disk is a SIGBUS that ends the process, not an error.
            Run(connection, $"""
                PRAGMA page_size = {PageSize};
                PRAGMA auto_vacuum = NONE;
                PRAGMA journal_mode = WAL;
                PRAGMA synchronous = FULL;
                PRAGMA secure_delete = FAST;
                PRAGMA temp_store = MEMORY;
                PRAGMA cache_size = -{WriterCacheKibibytes};
                PRAGMA wal_autocheckpoint = {CheckpointPages};
                PRAGMA journal_size_limit = {LogBytes};
                """);
            var pageSize = (long)Scalar(connection, "PRAGMA page_size")!;
            var maxPages = maxFileBytes is { } bytes ? Math.Min(bytes / pageSize, uint.MaxValue - 1) : uint.MaxValue - 1;
            Run(connection, $"PRAGMA max_page_count = {maxPages}");
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    public static SqliteConnection OpenReader(string path)
    {
        var connection = Open(path, SqliteOpenMode.ReadOnly);
        try
        {
            Run(connection, $"PRAGMA cache_size = -{ReaderCacheKibibytes}; PRAGMA temp_store = MEMORY");
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    public static void Run(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    public static object? Scalar(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }

    /// <summary>Ends the transaction, if SQLite has not ended it already (it does after some errors).</summary>
    public static void Rollback(SqliteConnection connection)
    {
        if (connection.Handle is { } handle && sqlite3_get_autocommit(handle) == 0)
        {
            Run(connection, "ROLLBACK");
        }
    }

    private static SqliteConnection Open(string path, SqliteOpenMode mode)
    {
        var text = new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = mode,
            Pooling = false,
            DefaultTimeout = BusySeconds,
        }.ToString();
        var connection = new SqliteConnection(text);
        try
        {
            connection.Open();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }
}
