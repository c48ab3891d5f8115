using Batching.Engine.Storage;
using Batching.Storage.Sqlite;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the embedded store.</summary>
public static class SqliteStoreServiceCollectionExtensions
{
    /// <summary>
    /// Keeps batches in an SQLite database: registers <see cref="IBatchStore"/>, whose
    /// <see cref="IBatchStore.OpenAsync"/> the application calls at its start. Bad options stop the start.
    /// </summary>
    /// <returns>The options, to bind them to the configuration.</returns>
    public static OptionsBuilder<SqliteStoreOptions> AddSqliteBatchStore(this IServiceCollection services)
    {
        services.AddSingleton<IValidateOptions<SqliteStoreOptions>, SqliteStoreOptionsValidator>();
        services.AddSingleton<IBatchStore, SqliteBatchStore>();
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
