using Batching.Storage.Sqlite;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Batching.Storage.Tests;

internal static class SqliteStores
{
    public static SqliteBatchStore Create(
        string directory, long? maxFileBytes = null, ILogger<SqliteBatchStore>? logger = null) => new(
        Options.Create(new SqliteStoreOptions { Directory = directory, MaxFileBytes = maxFileBytes }),
        logger ?? NullLogger<SqliteBatchStore>.Instance);
}
