using Batching.Engine.Storage;

namespace Batching.Storage.Tests;

public sealed class SqliteFileTests : FileStoreConformance, IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    protected override IBatchStore CreateStore() => SqliteStores.Create(_directory.Path);
}
