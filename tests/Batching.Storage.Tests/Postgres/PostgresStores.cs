using Batching.Storage.Postgres;
using Batching.Testing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Batching.Storage.Tests.Postgres;

internal static class PostgresStores
{
    private static readonly Lazy<string> Template = new(CreateTemplate);

    /// <summary>The shortest lease that is allowed.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(2);

    public static byte[] MasterKey { get; } = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    /// <summary>Creates a database with an empty store.</summary>
    public static string CreateDatabase() => PostgresServer.Shared.CreateDatabase(Template.Value);

    public static PostgresBatchStore Create(
        string database,
        TimeProvider? time = null,
        int? port = null,
        byte[]? masterKey = null,
        ILogger<PostgresBatchStore>? logger = null,
        bool sharing = false) => new(
        Options.Create(new PostgresStoreOptions
        {
            ConnectionString = PostgresServer.Shared.ConnectionString(database, port),
            MasterKey = masterKey ?? MasterKey,
            Lease = Lease,
            Sharing = sharing,
        }),
        time ?? TimeProvider.System,
        logger ?? NullLogger<PostgresBatchStore>.Instance);

    /// <summary>Opens a store and acquires it.</summary>
    public static async Task<PostgresBatchStore> OpenAsync(string database, TimeProvider? time = null, int? port = null)
    {
        var store = Create(database, time, port);
        await store.OpenAsync(default);
        Assert.True(await store.TryAcquireAsync(default));
        return store;
    }

    public static string Query(string database, string sql) => PostgresServer.Shared.Query(database, sql);

    private static string CreateTemplate()
    {
        var database = PostgresServer.Shared.CreateDatabase();
        var store = Create(database);
        store.OpenAsync(default).AsTask().GetAwaiter().GetResult();
        store.DisposeAsync().AsTask().GetAwaiter().GetResult();
        return database;
    }
}
