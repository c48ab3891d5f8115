using Batching.Engine.Configuration;
using Batching.Engine.Storage;
using Batching.Server.Configuration;
using Batching.Server.Security.Browser;
using Batching.Server.Security.Identity;
using Batching.Server.Security.Secrets;
using Batching.Server.Security.SharedKeys;
using Batching.Server.Security.Tls;
using Batching.Storage.Sqlite;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Options;

namespace Batching.Server.Security;

/// <summary>Adds what the server needs to know who calls and to keep that secret.</summary>
internal static class SecurityServices
{
    /// <summary>
    /// Keys are kept in the directory <c>keys</c> of the data directory, readable by the service only, or in the store if several
    /// gateways share it.
    /// </summary>
    public static IServiceCollection AddSecurity(this IServiceCollection services, IConfiguration configuration)
    {
        var protection = services.AddDataProtection().SetApplicationName("Batching");
        if (configuration.UsesPostgres())
        {
            services.AddSharedKeys();
        }
        else
        {
            protection.PersistKeysToFileSystem(CreateKeyDirectory(configuration.GetDataDirectory()));
        }

        services.AddSingleton<ICredentialProtector, CredentialProtector>();
        return services
            .AddCallerIdentification(configuration)
            .AddBrowserProtection(configuration)
            .AddTls(configuration)
            .AddSecretKeeping();
    }

    private static DirectoryInfo CreateKeyDirectory(string dataDirectory)
    {
        try
        {
            CreatePrivateDirectory(dataDirectory);
            return CreatePrivateDirectory(Path.Combine(dataDirectory, "keys"));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new OptionsValidationException(
                OptionKey.Section,
                typeof(SqliteStoreOptions),
                [
                    $"{OptionKey.Section}:DataDirectory: the directory '{Path.GetFullPath(dataDirectory)}' can't be "
                    + $"made or written: {exception.Message} Give the user that the gateway runs as the right to, or name "
                    + "another directory.",
                ]);
        }
    }

    private static DirectoryInfo CreatePrivateDirectory(string path) => OperatingSystem.IsWindows()
        ? Directory.CreateDirectory(path)
        : Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
}
