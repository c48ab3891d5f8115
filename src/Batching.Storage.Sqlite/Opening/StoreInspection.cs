using System.Buffers.Binary;
using System.Globalization;
using Batching.Engine.Storage;
using Microsoft.Data.Sqlite;

namespace Batching.Storage.Sqlite.Opening;

/// <summary>Decides whether an existing file is a store this version can open, and changes nothing.</summary>
internal static class StoreInspection
{
    // A file up to this size is checked page by page at every start; that takes less than 0.1 s.
    private const long FullCheckBytes = 64 * 1024 * 1024;

    // Of a larger one only what recovery depends on, so that the start does not get slower with what is finished.
    private static readonly string[] CheckedTables =
        ["key_counter", "secrets", "batches", "staged_batches", "started_requests", "sweeps"];

    /// <exception cref="StoreUnusableException">It isn't one. The message says what to do.</exception>
    public static void Check(string path)
    {
        var file = new FileInfo(path);
        var hasLog = File.Exists($"{path}-wal");
        if (!file.Exists || file.Length == 0)
        {
            if (file.Exists && !hasLog)
            {
                CheckIsFirstStart(path);
            }

            return;
        }

        CheckHeader(path);
        string[] besides = [.. new[] { $"{path}-wal", $"{path}-shm" }.Where(name => !File.Exists(name))];
        try
        {
            Look(path, file.Length, hasLog);
        }
        catch
        {
            // Even a reader makes them, and leaves them when it may not write.
            foreach (var name in besides)
            {
                File.Delete(name);
            }

            throw;
        }
    }

    private static void Look(string path, long length, bool hasLog)
    {
        try
        {
            using var connection = StoreConnection.OpenReader(path);
            CheckIdentity(path, Number(connection, "PRAGMA application_id"), Number(connection, "PRAGMA user_version"));
            if (Number(connection, "PRAGMA application_id") == 0)
            {
                // A start that was cut off before it had created the schema, or another program's database.
                if (Number(connection, "SELECT count(*) FROM sqlite_schema") > 0)
                {
                    throw Foreign(path, null);
                }

                return;
            }

            CheckStructure(connection, path, length);
            if (!hasLog
                && Number(connection, "PRAGMA user_version") >= 2
                && Number(connection, "SELECT is_open FROM store_state") == 1)
            {
                throw LogMissing(path);
            }
        }
        catch (SqliteException e) when (StoreFaults.Translate(e) is StoreUnusableException)
        {
            throw Damaged(path, e);
        }
    }

    // Read without SQLite first, which would put a log beside a file that is none of ours.
    private static void CheckHeader(string path)
    {
        Span<byte> header = stackalloc byte[100];
        using (var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0))
        {
            if (file.ReadAtLeast(header, header.Length, throwOnEndOfStream: false) < header.Length)
            {
                throw Damaged(path, null);
            }
        }

        if (!header.StartsWith("SQLite format 3\0"u8))
        {
            throw Damaged(path, null);
        }

        // Database file format, 1.3: the application id is at 68, the user version at 60. Both may be 0 in a file
        // whose first transaction is still in the log.
        CheckIdentity(
            path,
            BinaryPrimitives.ReadInt32BigEndian(header[68..]),
            BinaryPrimitives.ReadInt32BigEndian(header[60..]));
    }

    private static void CheckIdentity(string path, long applicationId, long version)
    {
        if (applicationId != SchemaMigrations.ApplicationId && (applicationId != 0 || version != 0))
        {
            throw Foreign(path, null);
        }

        if (version > SchemaMigrations.CurrentVersion)
        {
            throw new StoreUnusableException(
                $"The store {path} was written by a newer version of this service: its schema is {version}, and this "
                + $"version knows {SchemaMigrations.CurrentVersion}. Start that newer version, or configure another "
                + "data directory.");
        }
    }

    private static void CheckStructure(SqliteConnection connection, string path, long length)
    {
        IEnumerable<string> checks = length <= FullCheckBytes
            ? ["PRAGMA quick_check(1)"]
            : CheckedTables.Select(table => $"PRAGMA quick_check({table})");
        foreach (var check in checks)
        {
            if (StoreConnection.Scalar(connection, check) is not "ok")
            {
                throw Damaged(path, null);
            }
        }
    }

    // A start that was cut off right after it had created the file has left nothing beside it.
    private static void CheckIsFirstStart(string path)
    {
        var others = Directory.EnumerateFileSystemEntries(Path.GetDirectoryName(path)!)
            .Any(entry => !Path.GetFileName(entry).StartsWith("batch.", StringComparison.Ordinal));
        if (others)
        {
            throw new StoreUnusableException(
                $"The store {path} is empty, but its directory has been in use: has it been cut? Restore it from a "
                + "backup, or delete it to start with an empty store.");
        }
    }

    private static long Number(SqliteConnection connection, string sql) =>
        Convert.ToInt64(StoreConnection.Scalar(connection, sql), CultureInfo.InvariantCulture);

    private static StoreUnusableException LogMissing(string path) => new(
        $"The store {path} was open when it was copied, and its log {path}-wal is missing: what was stored last would be "
        + "lost. Put the log beside it, or restore a backup that was made with the command backup. To start without "
        + $"what is missing, create an empty file {path}-wal.");

    private static StoreUnusableException Foreign(string path, Exception? cause) => new(
        $"{path} is a database of another program. Move it away, or configure another data directory.", cause);

    private static StoreUnusableException Damaged(string path, Exception? cause) => new(
        $"The store {path} is damaged or no database at all; nothing was changed. Restore it from a backup together "
        + "with its -wal file, or move both away to start with an empty store.",
        cause);
}
