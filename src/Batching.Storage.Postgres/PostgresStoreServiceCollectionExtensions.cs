using Batching.Engine.Storage;
using Batching.Storage.Postgres;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the store that several gateways may be started on.</summary>
public static class PostgresStoreServiceCollectionExtensions
{
    /// <summary>
    /// Keeps batches in a PostgreSQL database: registers <see cref="IBatchStore"/>, which one gateway holds at a time, with
    /// <see cref="IFileStore"/>, <see cref="IDraftStore"/> and <see cref="ISharedSecrets"/>. Bad options stop the start.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="configure">Sets the options.</param>
    public static IServiceCollection AddPostgresBatchStore(
        this IServiceCollection services, Action<PostgresStoreOptions> configure)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<IValidateOptions<PostgresStoreOptions>, PostgresStoreOptionsValidator>();
        services.AddSingleton<PostgresBatchStore>();
        services.AddSingleton<IBatchStore>(static provider => provider.GetRequiredService<PostgresBatchStore>());
        services.AddSingleton<IFileStore>(static provider => provider.GetRequiredService<PostgresBatchStore>());
        services.AddSingleton<IDraftStore>(static provider => provider.GetRequiredService<PostgresBatchStore>());
        services.AddSingleton<ISharedSecrets>(static provider => provider.GetRequiredService<PostgresBatchStore>());
        services.AddOptions<PostgresStoreOptions>().Configure(configure).ValidateOnStart();
        return services;
    }
}
