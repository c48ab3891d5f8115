using Batching.Engine.Configuration;
using Batching.Engine.Storage;
using Microsoft.Extensions.Options;

namespace Batching.Server.Security.Identity;

/// <summary>Adds what says who calls.</summary>
internal static class IdentityServices
{
    public static IServiceCollection AddCallerIdentification(
        this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton<IValidateOptions<IdentityOptions>, IdentityOptionsValidator>();
        services.AddOptions<IdentityOptions>().Bind(configuration.GetSection(IdentityOptions.Section)).ValidateOnStart();
        services.AddOptions<BatchEngineOptions>().Configure<IOptions<IdentityOptions>>((engine, identity) =>
            engine.CredentialHeader = identity.Value.Mode == IdentityMode.TrustedHeader
                ? identity.Value.Header
                : "Authorization");
        services.AddSingleton<CallerResolver>();
        services.AddSingleton<CallRates>();
        services.AddSingleton<IHoldStart>(provider => provider.GetRequiredService<CallerResolver>());
        return services;
    }
}
