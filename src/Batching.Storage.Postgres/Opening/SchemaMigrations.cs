using System.Globalization;
using System.Reflection;
using Batching.Engine.Storage;
using Npgsql;

namespace Batching.Storage.Postgres.Opening;

/// <summary>
/// The embedded scripts that bring a store from one schema version to the next. A new database gets all of them when it is opened;
/// one that is in use gets what it lacks from whoever acquires it next, so that none changes below a gateway that works on it.
/// </summary>
internal static class SchemaMigrations
{
    /// <summary>The lock of whoever changes the schema or acquires the store: "Btch" in ASCII. Never change it.</summary>
    public const long LockKey = 0x42746368;

    private const int MinServerVersion = 15;

    private static readonly (int Version, string Resource)[] All = Find();

    /// <summary>The version that this build reads and writes.</summary>
    public static int CurrentVersion => All[^1].Version;

    /// <summary>Checks the server and the schema, and creates that of a new database.</summary>
    /// <exception cref="StoreUnusableException">One of them is of another version. Nothing was changed.</exception>
    public static async Task OpenAsync(NpgsqlConnection connection)
    {
        if (connection.PostgreSqlVersion.Major < MinServerVersion)
        {
            throw new StoreUnusableException(
                $"The server of {PostgresStoreOptions.ConnectionKey} is PostgreSQL {connection.PostgreSqlVersion}; it has to be {MinServerVersion} or later.");
        }

        await using var transaction = await connection.BeginTransactionAsync();
        await LockAsync(connection);
        if (await connection.ScalarAsync($"SELECT to_regnamespace('{Database.Schema}')::text") is null)
        {
            await connection.RunAsync($"CREATE SCHEMA {Database.Schema}");
        }

        if (await connection.ScalarAsync($"SELECT to_regclass('{Database.Schema}.schema_version')::text") is null)
        {
            await connection.RunAsync(
                "CREATE TABLE schema_version (id integer PRIMARY KEY CHECK (id = 1), version integer NOT NULL CHECK (version >= 0))");
            await connection.RunAsync("INSERT INTO schema_version (id, version) VALUES (1, 0)");
            await RunAsync(connection);
        }
        else
        {
            await CheckAsync(connection);
        }

        await transaction.CommitAsync();
    }

    /// <summary>Lets nobody else migrate or acquire until the transaction ends.</summary>
    public static Task LockAsync(NpgsqlConnection connection) =>
        connection.RunAsync("SELECT pg_advisory_xact_lock($1)", Sql.Of(LockKey));

    /// <summary>Reads the schema's version.</summary>
    /// <exception cref="StoreUnusableException">It is newer than this build.</exception>
    public static async Task<int> CheckAsync(NpgsqlConnection connection)
    {
        var version = (int)(await connection.ScalarAsync("SELECT version FROM schema_version"))!;
        return version <= CurrentVersion
            ? version
            : throw new StoreUnusableException(
                $"The database of {PostgresStoreOptions.ConnectionKey} was written by a newer version of this service: its schema is {version}, and "
                + $"this version knows {CurrentVersion}. Start that newer version.");
    }

    /// <summary>Runs what is missing, in the caller's transaction, and returns the version that it found.</summary>
    public static async Task<int> RunAsync(NpgsqlConnection connection)
    {
        var found = await CheckAsync(connection);
        foreach (var (version, resource) in All)
        {
            if (version > found)
            {
                await connection.RunAsync(Read(resource));
            }
        }

        if (found < CurrentVersion)
        {
            await connection.RunAsync("UPDATE schema_version SET version = $1", Sql.Of(CurrentVersion));
        }

        return found;
    }

    private static (int, string)[] Find() =>
    [
        .. Assembly.GetExecutingAssembly().GetManifestResourceNames()
            .Where(name => name.EndsWith(".sql", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(name => (int.Parse(name.AsSpan(0, 3), CultureInfo.InvariantCulture), name)),
    ];

    private static string Read(string resource)
    {
        using var reader = new StreamReader(
            Assembly.GetExecutingAssembly().GetManifestResourceStream(resource)
            ?? throw new InvalidOperationException($"The migration {resource} is not embedded."));
        return reader.ReadToEnd();
    }
}
