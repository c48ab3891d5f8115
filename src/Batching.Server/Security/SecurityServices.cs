using Batching.Engine.Submission;
using Batching.Server.Security.Browser;
using Batching.Server.Security.Identity;
using Batching.Server.Security.Secrets;
using Batching.Server.Security.Tls;
using Microsoft.AspNetCore.DataProtection;

namespace Batching.Server.Security;

/// <summary>Adds what the server needs to know who calls and to keep that secret.</summary>
internal static class SecurityServices
{
    /// <summary>Keys are kept in the directory <c>keys</c> of the data directory, readable by the service only.</summary>
    public static IServiceCollection AddSecurity(
        this IServiceCollection services, IConfiguration configuration, string dataDirectory)
    {
        CreateDataDirectory(dataDirectory);
        services.AddDataProtection()
            .SetApplicationName("Batching")
            .PersistKeysToFileSystem(CreatePrivateDirectory(Path.Combine(dataDirectory, "keys")));
        services.AddSingleton<ICredentialProtector, CredentialProtector>();
        return services
            .AddCallerIdentification(configuration)
            .AddBrowserProtection(configuration)
            .AddTls(configuration)
            .AddSecretKeeping();
    }

    private static void CreateDataDirectory(string path)
    {
        try
        {
            CreatePrivateDirectory(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new InvalidOperationException(
                $"Batch:DataDirectory: the directory '{path}' can't be made. {exception.Message}", exception);
        }
    }

    private static DirectoryInfo CreatePrivateDirectory(string path) => OperatingSystem.IsWindows()
        ? Directory.CreateDirectory(path)
        : Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
}
