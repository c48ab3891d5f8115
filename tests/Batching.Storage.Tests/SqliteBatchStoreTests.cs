using Batching.Engine.Storage;

namespace Batching.Storage.Tests;

public sealed class SqliteBatchStoreTests : BatchStoreConformance, IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    // After DisposeAsync.
    public void Dispose() => _directory.Dispose();

    protected override IBatchStore CreateStore() => SqliteStores.Create(_directory.Path);
}
