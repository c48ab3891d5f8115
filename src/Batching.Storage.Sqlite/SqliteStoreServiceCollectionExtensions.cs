using Batching.Engine.Storage;
using Batching.Storage.Sqlite;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the embedded store.</summary>
public static class SqliteStoreServiceCollectionExtensions
{
    /// <summary>
    /// Keeps batches in an SQLite database: registers <see cref="IBatchStore"/>, with <see cref="IFileStore"/> and <see cref="IDraftStore"/>, whose
    /// <see cref="IBatchStore.OpenAsync"/> the application calls at its start. Bad options stop the start.
    /// </summary>
    /// <returns>The options, to bind them to the configuration.</returns>
    public static OptionsBuilder<SqliteStoreOptions> AddSqliteBatchStore(this IServiceCollection services)
    {
        services.AddSingleton<IValidateOptions<SqliteStoreOptions>, SqliteStoreOptionsValidator>();
        services.AddSingleton<SqliteBatchStore>();
        services.AddSingleton<IBatchStore>(static provider => provider.GetRequiredService<SqliteBatchStore>());
        services.AddSingleton<IFileStore>(static provider => provider.GetRequiredService<SqliteBatchStore>());
        services.AddSingleton<IDraftStore>(static provider => provider.GetRequiredService<SqliteBatchStore>());
        return services.AddOptions<SqliteStoreOptions>().ValidateOnStart();
    }

    /// <inheritdoc cref="AddSqliteBatchStore(IServiceCollection)"/>
    public static IServiceCollection AddSqliteBatchStore(
        this IServiceCollection services, Action<SqliteStoreOptions> configure)
    {
        services.AddSqliteBatchStore().Configure(configure);
        return services;
    }
}
