using Batching.Engine.Storage;
using Batching.Testing;

namespace Batching.Storage.Tests.Postgres;

[NeedsPostgres]
public sealed class PostgresFileTests : FileStoreConformance
{
    private readonly Lazy<string> _database = new(PostgresStores.CreateDatabase);

    [Fact]
    public async Task DeleteFileAsync_LargeFile_LeavesNoRowInTheEnd()
    {
        var database = PostgresStores.CreateDatabase();
        await using var store = await PostgresStores.OpenAsync(database);
        await store.StageFileAsync(7, 0, [.. Enumerable.Range(0, 600).Select(_ => new byte[100])], default);
        Assert.True(await store.DeleteFileAsync(7, default));

        await Eventually.BeTrueAsync(
            () => PostgresStores.Query(
                database,
                """
                SELECT (SELECT count(*) FROM batch.file_chunks) + (SELECT count(*) FROM batch.staged_batches)
                    + (SELECT count(*) FROM batch.sweeps) + (SELECT count(*) FROM batch.owners)
                """) == "0",
            "all rows are deleted");
    }

    protected override IBatchStore CreateStore() => PostgresStores.Create(_database.Value);
}
