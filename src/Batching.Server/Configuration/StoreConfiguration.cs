using System.Globalization;
using Batching.Engine.Configuration;
using Batching.Storage.Postgres;
using Microsoft.Extensions.Options;

namespace Batching.Server.Configuration;

/// <summary>Chooses the store: a PostgreSQL database if one is configured, else the embedded one.</summary>
internal static class StoreConfiguration
{
    private const string PostgresKey = $"{StoreOptions.Section}:{nameof(StoreOptions.Postgres)}";
    private const string KeyFileKey = $"{StoreOptions.Section}:{nameof(StoreOptions.MasterKeyFile)}";

    private const UnixFileMode NotOwner = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    /// <summary>Whether the store is a PostgreSQL database.</summary>
    public static bool UsesPostgres(this IConfiguration configuration) => !string.IsNullOrEmpty(configuration[PostgresKey]);

    /// <summary>Checks the section, and that it contradicts no other key.</summary>
    /// <exception cref="OptionsValidationException">Something is wrong; names each key.</exception>
    public static void CheckStore(this IConfiguration configuration)
    {
        var options = Read(configuration);
        var problems = OptionAnnotations.FindProblems(StoreOptions.Section, options).ToList();
        if (!configuration.UsesPostgres())
        {
            if (!string.IsNullOrEmpty(options.MasterKeyFile))
            {
                problems.Add($"{KeyFileKey} is for a PostgreSQL store: set {PostgresKey}, too, or neither.");
            }
        }
        else
        {
            problems.AddRange(new[] { nameof(ServerKeys.DataDirectory), nameof(ServerKeys.MaxStoreBytes) }
                .Select(name => $"{OptionKey.Section}:{name}")
                .Where(key => !string.IsNullOrEmpty(configuration[key]))
                .Select(key => $"{key} is for the embedded store, and {PostgresKey} chooses a PostgreSQL database: set one of them, "
                    + "and the other to nothing."));
        }

        if (problems.Count > 0)
        {
            throw new OptionsValidationException(StoreOptions.Section, typeof(StoreOptions), problems);
        }
    }

    /// <summary>Adds the store.</summary>
    /// <exception cref="OptionsValidationException">Its files can't be used; names the key.</exception>
    public static IServiceCollection AddBatchStore(this IServiceCollection services, IConfiguration configuration)
    {
        if (!configuration.UsesPostgres())
        {
            var directory = configuration.GetDataDirectory();
            return services.AddSqliteBatchStore(sqlite =>
            {
                sqlite.Directory = directory;
                sqlite.MaxFileBytes = configuration.GetMaxStoreBytes();
            });
        }

        var options = Read(configuration);
        var masterKey = ReadMasterKey(options.MasterKeyFile);
        return services.AddPostgresBatchStore(postgres =>
        {
            postgres.ConnectionString = options.Postgres!;
            postgres.MasterKey = masterKey;
            postgres.Lease = options.Lease;
            postgres.Sharing = options.Sharing;
            postgres.PoolSize = options.PoolSize;
            postgres.CommandTimeout = options.CommandTimeout;
        });
    }

    private static StoreOptions Read(IConfiguration configuration) =>
        configuration.GetSection(StoreOptions.Section).Get<StoreOptions>() ?? new();

    private static byte[] ReadMasterKey(string? path)
    {
        if (string.IsNullOrEmpty(path))
        {
            throw Problem(string.Create(
                CultureInfo.InvariantCulture,
                $"{KeyFileKey} is not set: with {PostgresKey}, name a file with {PostgresStoreOptions.MasterKeyBytes} random bytes, such as one that 'head -c {PostgresStoreOptions.MasterKeyBytes} /dev/urandom' has written."));
        }

        var full = Path.GetFullPath(path);
        try
        {
            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(full) & NotOwner) != 0)
            {
                throw Problem($"{KeyFileKey}: others than its owner may use '{full}'. Make that 'chmod 600 {full}'.");
            }

            var key = File.ReadAllBytes(full);
            return key.Length == PostgresStoreOptions.MasterKeyBytes
                ? key
                : throw Problem(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{KeyFileKey}: '{full}' must hold {PostgresStoreOptions.MasterKeyBytes} bytes, not {key.Length}."));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Problem($"{KeyFileKey}: '{full}' can't be read: {exception.Message}");
        }
    }

    private static OptionsValidationException Problem(string message) =>
        new(StoreOptions.Section, typeof(StoreOptions), [message]);
}
