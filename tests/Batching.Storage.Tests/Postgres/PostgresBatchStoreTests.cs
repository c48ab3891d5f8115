using Batching.Engine.Storage;

namespace Batching.Storage.Tests.Postgres;

[NeedsPostgres]
public sealed class PostgresBatchStoreTests : BatchStoreConformance
{
    private readonly Lazy<string> _database = new(PostgresStores.CreateDatabase);

    protected override IBatchStore CreateStore() => PostgresStores.Create(_database.Value);
}
