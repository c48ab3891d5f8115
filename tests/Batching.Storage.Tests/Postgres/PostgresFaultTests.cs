using System.Text;
using Batching.Engine.Model;
using Batching.Engine.Storage;
using Batching.Testing;
using static Batching.Storage.Tests.StoreData;

namespace Batching.Storage.Tests.Postgres;

/// <summary>The server fails, or the connection to it does.</summary>
[NeedsPostgres]
public sealed class PostgresFaultTests
{
    private static readonly byte[] Marker = "the marker of a commit"u8.ToArray();

    private readonly string _database = PostgresStores.CreateDatabase();

    // Made by the server or not, the store finds out, and tells the truth.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task CommitAsync_AnswerIsLost_IsReportedAsItIs(bool wasMade)
    {
        using var proxy = new CutProxy(PostgresServer.Shared.Port);
        await using var store = await PostgresStores.OpenAsync(_database, port: proxy.Port);
        await store.CommitAsync([Accept(Batch(7))], default);
        proxy.CutAt(Marker, forwards: wasMade);

        var commit = store.CommitAsync([Accept(Batch(100) with { Credential = Marker })], default).AsTask();

        if (wasMade)
        {
            await commit.WithDeadlineAsync("the store finds out");
        }
        else
        {
            await Assert.ThrowsAsync<StoreUnavailableException>(() => commit.WithDeadlineAsync("the store finds out"));
        }

        Assert.False(proxy.IsArmed);
        Assert.Equal(wasMade, await store.FindBatchAsync(100, default) is not null);
        await store.CommitAsync([Accept(Batch(200))], default);
        Assert.NotNull(await store.FindBatchAsync(200, default));
        Assert.True(store.Hold.IsCertain);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AddFileAsync_AnswerIsLost_IsReportedAsItIs(bool wasMade)
    {
        using var proxy = new CutProxy(PostgresServer.Shared.Port);
        await using var store = await PostgresStores.OpenAsync(_database, port: proxy.Port);
        await store.StageFileAsync(7, 0, [[1, 2, 3]], default);
        proxy.CutAt(Marker, forwards: wasMade);

        var adding = store.AddFileAsync(
            new FileRecord
            {
                Key = 7,
                Owner = "alice",
                Name = Encoding.UTF8.GetString(Marker),
                Purpose = "batch",
                Bytes = 3,
                CreateTime = Start,
                ExpireTime = Start.AddDays(1),
            },
            default).AsTask();

        if (wasMade)
        {
            await adding.WithDeadlineAsync("the store finds out");
        }
        else
        {
            await Assert.ThrowsAsync<StoreUnavailableException>(() => adding.WithDeadlineAsync("the store finds out"));
        }

        Assert.False(proxy.IsArmed);
        Assert.Equal(wasMade, await store.FindFileAsync("alice", 7, default) is not null);
        Assert.Equal(wasMade ? 3 : 0, (await store.ReadUsageAsync("alice", default)).Bytes);
    }

    [Fact]
    public async Task Members_ServerEndsAllConnections_GoOn()
    {
        await using var store = await PostgresStores.OpenAsync(_database);
        await store.CommitAsync([Accept(Batch(7))], default);
        PostgresStores.Query(
            _database,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");

        Assert.NotNull(await store.FindBatchAsync(7, default));
        await Eventually.BeTrueAsync(
            async () =>
            {
                try
                {
                    await store.CommitAsync([Accept(Batch(100))], default);
                    return true;
                }
                catch (StoreUnavailableException)
                {
                    // Its connection was found dead when it was used.
                    Assert.Null(await store.FindBatchAsync(100, default));
                    return false;
                }
            },
            "the store can be written again");
        Assert.NotNull(await store.FindBatchAsync(100, default));
    }

    [Fact]
    public async Task Members_ServerIsAway_AreUnavailableUntilItIsBack()
    {
        using var server = PostgresServer.StartOwn();
        var database = server.CreateDatabase();
        await using var store = new Storage.Postgres.PostgresBatchStore(
            Microsoft.Extensions.Options.Options.Create(new Storage.Postgres.PostgresStoreOptions
            {
                ConnectionString = server.ConnectionString(database),
                MasterKey = PostgresStores.MasterKey,
            }),
            TimeProvider.System,
            Microsoft.Extensions.Logging.Abstractions.NullLogger<Storage.Postgres.PostgresBatchStore>.Instance);
        await store.OpenAsync(default);
        Assert.True(await store.TryAcquireAsync(default));
        await store.CommitAsync([Accept(Batch(7))], default);
        server.StopImmediately();

        // A read fails at once; a commit waits to learn what became of it, and the hold says so meanwhile.
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.FindBatchAsync(7, default));
        var commit = store.CommitAsync([Accept(Batch(100))], default).AsTask();
        await Eventually.BeTrueAsync(() => commit.IsCompleted || !store.Hold.IsCertain, "the fault is noticed");

        server.Start();
        await Task.WhenAny(commit).WithDeadlineAsync("the commit ends");
        Assert.Equal(commit.IsCompletedSuccessfully, await store.FindBatchAsync(100, default) is not null);
        Assert.NotNull(await store.FindBatchAsync(7, default));
        await store.CommitAsync([Accept(Batch(200))], default);
        await Eventually.BeTrueAsync(() => store.Hold.IsCertain, "the lease is renewed");
    }
}
