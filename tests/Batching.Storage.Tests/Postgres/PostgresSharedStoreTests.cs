using System.Globalization;
using Batching.Engine.Storage;
using Batching.Storage.Postgres.Opening;
using Batching.Testing;

namespace Batching.Storage.Tests.Postgres;

[NeedsPostgres]
public sealed class PostgresSharedStoreTests : SharedStoreConformance
{
    private readonly string _database = PostgresStores.CreateDatabase();

    [Fact]
    public async Task TryAcquireAsync_OldGatewayIsStoppedInATransaction_EndsItsConnections()
    {
        await using var other = PostgresStores.Create(_database);
        await other.OpenAsync(default);
        PostgresStores.Query(
            _database,
            "INSERT INTO batch.gateways (instance, host, lease_until) VALUES ('old', 'here', clock_timestamp() + interval '1 second')");
        var id = long.Parse(PostgresStores.Query(_database, "SELECT gateway_id FROM batch.gateways"), CultureInfo.InvariantCulture);
        using var stopped = PostgresServer.Shared.StartQuery(
            _database, Database.ApplicationNameOf("old"), $"BEGIN; SELECT batch.check_alive({id}); SELECT pg_sleep(600)");

        await Eventually.BeTrueAsync(async () => await other.TryAcquireAsync(default), "the lease moves");

        await stopped.WaitForExitAsync().WithDeadlineAsync("its connection ends");
    }

    protected override TimeSpan Lease => PostgresStores.Lease;

    protected override IBatchStore CreateStore(TimeProvider time) => PostgresStores.Create(_database, time);

    protected override Task AssertStagedIsGoneAsync(long key) => Eventually.BeTrueAsync(
        () => PostgresStores.Query(
            _database,
            $"""
            SELECT (SELECT count(*) FROM batch.request_windows) + (SELECT count(*) FROM batch.staged_batches)
                + (SELECT count(*) FROM batch.sweeps)
            """) == "0",
        "what was staged is deleted");
}
