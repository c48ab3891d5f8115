using Batching.Engine.Storage;
using Batching.Storage.Sqlite.Opening;
using Microsoft.Data.Sqlite;

namespace Batching.Storage.Sqlite;

/// <summary>Makes consistent copies of a store, also of one that is in use.</summary>
public static class SqliteBackup
{
    /// <summary>
    /// Writes everything that is committed now as <c>batch.db</c> into a directory, from which a gateway can be started.
    /// </summary>
    /// <param name="dataDirectory">The directory of the store.</param>
    /// <param name="target">Where to; created, for its owner only. Must not hold a store yet.</param>
    /// <exception cref="StoreUnusableException">There is no store, or something is in the way.</exception>
    /// <exception cref="StoreUnavailableException">It can't be read or written at the moment.</exception>
    public static void Write(string dataDirectory, string target)
    {
        var source = Path.Combine(Path.GetFullPath(dataDirectory), "batch.db");
        if (!File.Exists(source))
        {
            throw new StoreUnusableException($"There is no store {source}.");
        }

        var copy = Path.Combine(Path.GetFullPath(target), "batch.db");
        if (File.Exists(copy))
        {
            throw new StoreUnusableException($"{copy} exists already. Name an empty directory.");
        }

        try
        {
            using var directory = StoreDirectory.Acquire(target);
            directory.CreateDatabaseFile();
            using (var connection = StoreConnection.OpenReader(source))
            using (var command = connection.CreateCommand())
            {
                command.CommandText = "VACUUM INTO $copy";
                command.CommandTimeout = 0;
                command.Parameters.AddWithValue("$copy", copy);
                command.ExecuteNonQuery();
            }

            using var marked = StoreConnection.OpenCopier(copy);
            StoreConnection.Run(marked, $"UPDATE store_state SET is_open = 0, file_id = '{StoreState.Backup}'");
        }
        catch (SqliteException e)
        {
            File.Delete(copy);
            throw StoreFaults.Translate(e);
        }
    }
}
