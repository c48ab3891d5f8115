using Microsoft.Data.Sqlite;
using static SQLitePCL.raw;

namespace Batching.Storage.Sqlite;

/// <summary>Opens and sets up connections.</summary>
internal static class StoreConnection
{
    /// <summary>
    /// Results are blobs of up to 64 KiB, for which large pages are good; a commit logs every page that it changes,
    /// for which small ones are. On 2 cores, thousands a second with pages of 4, 8, 16 and 64 KiB: results of 1 KiB
    /// in groups of 2,000: 250, 285, 285, 220; single small batches: 7, 4.2, 2.6, 1.3.
    /// </summary>
    public const int PageSize = 8 * 1024;

    /// <summary>Pages in the log before they are copied into the database, 16 MiB.</summary>
    public const int CheckpointPages = 2048;

    /// <summary>The log is cut back to this after a burst.</summary>
    public const int LogBytes = 64 * 1024 * 1024;

    // As much as one commit changes, see CommitGroup. What is written is as a rule never read again by the writer.
    private const int WriterCacheKibibytes = 8 * 1024;
    private const int ReaderCacheKibibytes = 2 * 1024;

    // How long to wait for another program (a backup, a shell) that has locked the database, in seconds.
    private const int BusySeconds = 2;

    private const int BusyMilliseconds = 1_000 * BusySeconds;

    // How long the writer waits for readers to let go of the log, in milliseconds.
    private const int ReadersBusyMilliseconds = 100;

    public static SqliteConnection OpenWriter(string path, StoreBound bound)
    {
        var connection = Open(path, SqliteOpenMode.ReadWrite);
        try
        {
            // The first two have an effect on an empty file only. INCREMENTAL costs nothing measurable and lets the
            // sweeper give space back; FULL would move pages in every commit that frees some. No mmap here or in
            // readers: behind a mapping a failing disk is a SIGBUS that ends the process, not an error.
            Run(connection, $"""
                PRAGMA page_size = {PageSize};
                PRAGMA auto_vacuum = INCREMENTAL;
                PRAGMA journal_mode = WAL;
                PRAGMA synchronous = FULL;
                PRAGMA secure_delete = FAST;
                PRAGMA temp_store = MEMORY;
                PRAGMA cache_size = -{WriterCacheKibibytes};
                PRAGMA wal_autocheckpoint = 0;
                PRAGMA journal_size_limit = {LogBytes};
                """);
            Run(connection, $"PRAGMA max_page_count = {bound.MaxPages}");
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

    /// <summary>For copying the log into the database beside the writer.</summary>
    public static SqliteConnection OpenCopier(string path) => Open(path, SqliteOpenMode.ReadWrite);

    /// <summary>Copies the log into the database, as far as no reader needs what is there.</summary>
    public static void Checkpoint(SqliteConnection connection) => Run(connection, "PRAGMA wal_checkpoint(PASSIVE)");

    /// <summary>Copies the log and ends it in some way.</summary>
    /// <param name="connection">The writer's connection.</param>
    /// <param name="mode">How: a mode of SQLite's <c>wal_checkpoint</c>.</param>
    /// <param name="waits">Whether to wait for its readers for a moment.</param>
    /// <returns>All of it was copied.</returns>
    public static bool TryEndLog(SqliteConnection connection, string mode, bool waits)
    {
        sqlite3_busy_timeout(connection.Handle, waits ? ReadersBusyMilliseconds : 0);
        try
        {
            using var command = connection.CreateCommand();
            command.CommandText = $"PRAGMA wal_checkpoint({mode})";
            using var reader = command.ExecuteReader();
            return reader.Read() && reader.GetInt64(1) == reader.GetInt64(2);
        }
        finally
        {
            sqlite3_busy_timeout(connection.Handle, BusyMilliseconds);
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

            // Commands wait by themselves, statements do not.
            sqlite3_busy_timeout(connection.Handle, BusyMilliseconds);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }
}
