using Batching.Engine.Storage;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;

namespace Batching.Server.Security.SharedKeys;

/// <summary>Keeps the keys that encrypt credentials in the store, so that every gateway can take up every batch.</summary>
internal static class SharedKeyServices
{
    /// <summary>Goes behind Data Protection, whose keys they are.</summary>
    public static IServiceCollection AddSharedKeys(this IServiceCollection services)
    {
        services.AddOptions<KeyManagementOptions>().Configure<ISharedSecrets>(static (keys, secrets) =>
        {
            keys.XmlRepository = new StoreXmlRepository(secrets);

            // The store encrypts all its secrets, with a key that it does not have itself.
            keys.XmlEncryptor = new NullXmlEncryptor();
        });
        services.AddSingleton(static provider =>
            new SharedKeyManager(ActivatorUtilities.CreateInstance<XmlKeyManager>(provider)));
        services.AddSingleton<IKeyManager>(static provider => provider.GetRequiredService<SharedKeyManager>());
        return services.AddSingleton<IHoldStart>(static provider => provider.GetRequiredService<SharedKeyManager>());
    }
}
