using Batching.Engine.Storage;

namespace Batching.Storage.Tests.Postgres;

[NeedsPostgres]
public sealed class PostgresSharedWorkTests : SharedWorkConformance
{
    private readonly string _database = PostgresStores.CreateDatabase();

    protected override IBatchStore CreateStore(TimeProvider time) => PostgresStores.Create(_database, time, sharing: true);
}
