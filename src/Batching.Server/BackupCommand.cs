using Batching.Engine.Storage;
using Batching.Server.Configuration;
using Batching.Storage.Sqlite;

namespace Batching.Server;

/// <summary>
/// Writes a copy of the data directory from which a gateway can be started, while the gateway runs:
/// <c>backup DIRECTORY</c>, with the same configuration as the gateway.
/// </summary>
internal static class BackupCommand
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Makes the copy and says so, or why not.</summary>
    /// <returns>The exit code.</returns>
    public static int Run(string[] args)
    {
        if (args is not [{ Length: > 0 } target, ..] || target.StartsWith('-'))
        {
            Console.Error.WriteLine("Usage: backup DIRECTORY [--Batch:DataDirectory=…]");
            return 64;
        }

        string data;
        try
        {
            var configuration = BatchConfiguration.CreateBuilder(args[1..]).Configuration;
            ConfigurationCheck.Check(configuration);
            if (configuration.UsesPostgres())
            {
                throw new StoreUnusableException("The store is a PostgreSQL database: back it up with pg_dump, and the key file with it.");
            }

            data = configuration.GetDataDirectory();
            SqliteBackup.Write(data, target);

            // Behind the store: whatever a credential in the copy is encrypted with is there by now.
            CopyKeys(Path.Combine(data, "keys"), Path.Combine(target, "keys"));
        }
        catch (Exception exception)
        {
            var failure = StartFailure.From(exception);
            Console.Error.WriteLine($"No backup was made: {failure.Message}");
            return failure.ExitCode;
        }

        Console.WriteLine($"Backup of {Path.GetFullPath(data)} written to {Path.GetFullPath(target)}.");
        return 0;
    }

    private static void CopyKeys(string source, string target)
    {
        if (!Directory.Exists(source))
        {
            return;
        }

        Directory.CreateDirectory(target);
        foreach (var file in Directory.EnumerateFiles(source))
        {
            var copy = Path.Combine(target, Path.GetFileName(file));
            File.Copy(file, copy, overwrite: true);
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(copy, OwnerOnly);
            }
        }
    }
}
