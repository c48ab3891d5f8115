using Batching.Engine.Storage;
using Batching.Storage.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Batching.Storage.Tests;

public sealed class SqliteBatchStoreTests : BatchStoreConformance, IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    // After DisposeAsync.
    public void Dispose() => _directory.Dispose();

    protected override IBatchStore CreateStore() => new SqliteBatchStore(
        Options.Create(new SqliteStoreOptions { Directory = _directory.Path }),
        NullLogger<SqliteBatchStore>.Instance);
}
