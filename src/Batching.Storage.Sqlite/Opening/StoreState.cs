using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Data.Sqlite;

namespace Batching.Storage.Sqlite.Opening;

/// <summary>Notes in the database that it is open, and notices that it is a copy.</summary>
internal static class StoreState
{
    /// <summary>The identity of a backup: no file has it.</summary>
    public const string Backup = "backup";

    // More numbers than a gateway gives out in years, and few enough for a thousand restores. Two copies of the same
    // store should not go on from the same number either.
    private const long LeastSkipped = 1L << 42;

    /// <summary>Notes that the store is open now.</summary>
    /// <returns>
    /// Whether the file is a copy. Then the numbers that the original may have given out since are passed over, so that no
    /// id is given out a second time.
    /// </returns>
    public static bool Open(SqliteConnection connection, string path)
    {
        var known = StoreConnection.Scalar(connection, "SELECT file_id FROM store_state") as string;
        var own = FileIdentity.Of(path);
        var isCopy = known == Backup || (known is not null && own is not null && known != own);
        StoreConnection.Run(connection, "BEGIN IMMEDIATE");
        try
        {
            if (isCopy)
            {
                var skipped = LeastSkipped + (BitConverter.ToInt64(RandomNumberGenerator.GetBytes(8)) & (LeastSkipped - 1));
                StoreConnection.Run(
                    connection,
                    string.Create(CultureInfo.InvariantCulture, $"UPDATE key_counter SET next_key = next_key + {skipped}"));
            }

            using var update = connection.CreateCommand();
            update.CommandText = "UPDATE store_state SET is_open = 1, file_id = $id";
            update.Parameters.AddWithValue("$id", (object?)own ?? DBNull.Value);
            update.ExecuteNonQuery();
            StoreConnection.Run(connection, "COMMIT");
        }
        catch
        {
            StoreConnection.Rollback(connection);
            throw;
        }

        // Into the file itself, which may be copied without its log.
        StoreConnection.Run(connection, "PRAGMA wal_checkpoint(TRUNCATE)");
        return isCopy;
    }
}
