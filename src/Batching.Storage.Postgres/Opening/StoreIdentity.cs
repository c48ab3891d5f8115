using System.Security.Cryptography;
using Npgsql;

namespace Batching.Storage.Postgres.Opening;

/// <summary>
/// Notices that the database was restored from a copy, or that its server was replaced by a replica that may lack the last
/// changes: numbers that were given out since are passed over, so that no id is given out a second time.
/// </summary>
internal static class StoreIdentity
{
    // More numbers than a gateway gives out in years, and few enough for a thousand restores. Two copies of the same store should
    // not go on from the same number either.
    private const long LeastSkipped = 1L << 42;

    // A cluster has a number of its own, a restored database in it another oid, and a replica that takes over begins another timeline.
    private const string Read =
        """
        SELECT (SELECT system_identifier FROM pg_control_system())::text
            || '-' || left(pg_walfile_name(pg_current_wal_lsn()), 8)
            || '-' || (SELECT oid FROM pg_database WHERE datname = current_database())::text
        """;

    /// <summary>Compares what is noted with what the database is, in the caller's transaction.</summary>
    /// <returns>Whether it is a copy.</returns>
    public static async Task<bool> NoteAsync(NpgsqlConnection connection)
    {
        // Who may not ask has to go without, and the transaction must survive it.
        await connection.RunAsync("SAVEPOINT identity");
        string? own = null;
        try
        {
            own = await connection.ScalarAsync(Read) as string;
            await connection.RunAsync("RELEASE SAVEPOINT identity");
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            await connection.RunAsync("ROLLBACK TO SAVEPOINT identity");
        }

        if (own is null)
        {
            return false;
        }

        var known = await connection.ScalarAsync("SELECT identity FROM store_identity") as string;
        if (known == own)
        {
            return false;
        }

        await connection.RunAsync("UPDATE store_identity SET identity = $1", Sql.Of(own));
        if (known is null)
        {
            return false;
        }

        var skipped = LeastSkipped + (BitConverter.ToInt64(RandomNumberGenerator.GetBytes(8)) & (LeastSkipped - 1));
        await connection.RunAsync("UPDATE key_counter SET next_key = next_key + $1", Sql.Of(skipped));
        return true;
    }
}
