using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Batching.Server.Security.Secrets;

/// <summary>Keeps what callers send out of the log.</summary>
internal static class SecretServices
{
    // It quotes request lines that it can't read, and a token may be in them.
    private const string BadRequests = "Microsoft.AspNetCore.Server.Kestrel.BadRequests";

    /// <summary>Goes behind all that puts the server together.</summary>
    public static IServiceCollection AddSecretKeeping(this IServiceCollection services)
    {
        var server = services.Last(descriptor => descriptor.ServiceType == typeof(IServer)).ImplementationType
            ?? throw new InvalidOperationException("The server is put together otherwise.");
        services.Replace(ServiceDescriptor.Singleton<IServer>(provider =>
            new SecretKeepingServer((IServer)ActivatorUtilities.CreateInstance(provider, server))));

        // Whatever levels are configured, for all logs or for one kind of them: the last rule for the longest name wins,
        // and one for a kind of log wins over those for all.
        services.PostConfigure<LoggerFilterOptions>(static logging =>
        {
            foreach (var provider in logging.Rules.Select(rule => rule.ProviderName).Append(null).Distinct().ToList())
            {
                logging.Rules.Add(new LoggerFilterRule(provider, BadRequests, LogLevel.None, null));
            }
        });
        return services;
    }
}
