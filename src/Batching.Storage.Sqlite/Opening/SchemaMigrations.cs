using System.Globalization;
using System.Reflection;
using Microsoft.Data.Sqlite;

namespace Batching.Storage.Sqlite.Opening;

/// <summary>The embedded scripts that bring a store from one schema version to the next.</summary>
internal static class SchemaMigrations
{
    /// <summary>Marks the file as ours: "Btch" in ASCII. Never change it.</summary>
    public const int ApplicationId = 0x42746368;

    private static readonly (int Version, string Resource)[] All = Find();

    /// <summary>The version that this build reads and writes.</summary>
    public static int CurrentVersion => All[^1].Version;

    /// <summary>Runs what is missing, all of it in one transaction, and returns the version that it found.</summary>
    public static int Run(SqliteConnection connection)
    {
        StoreConnection.Run(connection, "BEGIN IMMEDIATE");
        try
        {
            var found = Convert.ToInt32(
                StoreConnection.Scalar(connection, "PRAGMA user_version"), CultureInfo.InvariantCulture);
            if (found < CurrentVersion)
            {
                foreach (var (version, resource) in All)
                {
                    if (version > found)
                    {
                        StoreConnection.Run(connection, Read(resource));
                    }
                }

                StoreConnection.Run(
                    connection,
                    $"PRAGMA application_id = {ApplicationId}; PRAGMA user_version = {CurrentVersion}");
            }

            StoreConnection.Run(connection, "COMMIT");
            return found;
        }
        catch
        {
            StoreConnection.Rollback(connection);
            throw;
        }
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
