using Batching.Engine.Model;
using Batching.Engine.Storage;
using Batching.Storage.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Tests.Infrastructure;

/// <summary>Makes stores without an engine.</summary>
internal static class EmptyStore
{
    public static async Task<IBatchStore> OpenAsync(TemporaryDirectory directory)
    {
        var store = new SqliteBatchStore(
            Options.Create(new SqliteStoreOptions { Directory = directory.FullName }), NullLogger<SqliteBatchStore>.Instance);
        await store.OpenAsync(CancellationToken.None);
        return store;
    }

    /// <summary>A batch that was just accepted.</summary>
    public static BatchRecord Record(long key = 1, int total = 3) => new()
    {
        Key = key,
        Owner = "alice",
        CreateTime = DateTimeOffset.UnixEpoch,
        ExpireTime = DateTimeOffset.UnixEpoch.AddHours(1),
        DeleteTime = DateTimeOffset.UnixEpoch.AddDays(1),
        Capacity = total,
        Total = total,
    };
}
