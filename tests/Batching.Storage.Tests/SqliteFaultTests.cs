using Batching.Engine.Model;
using Batching.Engine.Storage;
using Batching.Storage.Sqlite;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using static Batching.Storage.Tests.StoreData;

namespace Batching.Storage.Tests;

/// <summary>Crashes, a full disk, other programs.</summary>
public sealed class SqliteFaultTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task CommitAsync_FilesCopiedRightAfterwards_HoldEveryCommit()
    {
        // What a killed process leaves is what is in its files at that moment.
        await using var store = SqliteStores.Create(_directory.Path);
        await store.OpenAsync(default);
        var batch = Batch(1, total: 60);
        await store.CommitAsync([Accept(batch)], default);
        for (var i = 1; i <= 50; i++)
        {
            var segment = Segment(i, 1, bodyBytes: i * 1000);
            await store.CommitAsync([Append(batch, segment)], default);
            batch = batch.After(segment);
            if (i % 10 == 0)
            {
                await AssertCopyHoldsAsync(batch, $"copy{i}");
            }
        }
    }

    [Fact]
    public async Task OpenAsync_LogCutAnywhere_HoldsAPrefixOfTheCommits()
    {
        await using (var store = SqliteStores.Create(_directory.Path))
        {
            await store.OpenAsync(default);
            for (var i = 1; i <= 5; i++)
            {
                await store.CommitAsync([Accept(Batch(i * 100)), Accept(Batch((i * 100) + 50))], default);
            }

            Copy("whole");
        }

        var log = await File.ReadAllBytesAsync(_directory.File("whole/batch.db-wal"));
        var random = new Random(17);
        var counts = new HashSet<int>();
        for (var i = 0; i < 30; i++)
        {
            var cut = _directory.File($"cut{i}");
            Directory.CreateDirectory(cut);
            File.Copy(_directory.File("whole/batch.db"), Path.Combine(cut, "batch.db"));
            await File.WriteAllBytesAsync(Path.Combine(cut, "batch.db-wal"), log[..random.Next(log.Length)]);
            await using var store = SqliteStores.Create(cut);
            await store.OpenAsync(default);
            var keys = (await store.ListUnfinishedAsync(0, 100, default)).Select(batch => batch.Key).ToList();
            Assert.Equal(0, keys.Count % 2);
            Assert.Equal(Enumerable.Range(2, keys.Count).Select(n => n * 50L), keys);
            counts.Add(keys.Count);
        }

        Assert.True(counts.Count > 2, "The cuts were all at the same commit.");
    }

    [Fact]
    public async Task CommitAsync_Full_IsUnavailableUntilThereIsSpace()
    {
        var log = new FakeLogger<SqliteBatchStore>();
        await using var store = SqliteStores.Create(_directory.Path, 4 * 1024 * 1024, log);
        await store.OpenAsync(default);
        await store.CommitAsync([Accept(Batch(1)), Accept(Batch(100))], default);
        var batch = Batch(1, total: 4, capacity: 100_000) with { Key = 200, Total = 1000 };
        await store.CommitAsync([Accept(batch)], default);
        StoreUnavailableException? error = null;
        while (error is null)
        {
            var segment = Segment(batch.Finished + 1, 1, bodyBytes: 100_000);
            try
            {
                await store.CommitAsync([new StoreWrite.Cancel(1), Append(batch, segment)], default);
                await store.CommitAsync([new StoreWrite.MoveReceivedMark(200, batch.Finished)], default);
                batch = batch.After(segment);
                Assert.InRange(batch.Finished, 1, 100);
            }
            catch (StoreUnavailableException e)
            {
                error = e;
            }
        }

        Assert.DoesNotContain(_directory.Path, error.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<StoreUnavailableException>(
            async () => await store.CommitAsync(
                [new StoreWrite.Cancel(100), Append(batch, Segment(batch.Finished + 1, 1, 1_000_000))], default));

        // Nothing of the failed groups; reads and small changes go on.
        Assert.False((await store.FindBatchAsync(100, default))!.Cancelled);
        Assert.Equal(batch.Finished, (await store.FindBatchAsync(200, default))!.Finished);
        Assert.NotNull(await store.ReadSegmentAsync(200, batch.Finished, default));
        Assert.Null(await store.ReadSegmentAsync(200, batch.Finished + 1, default));
        Assert.Single(log.Collector.GetSnapshot(), entry => entry is { Id.Name: "StoreWriteFailed", Level: LogLevel.Error });

        await store.CommitAsync([new StoreWrite.Expire(200)], default);
        var other = Batch(100, total: 4);
        await store.CommitAsync([Append(other, Segment(1, 1, bodyBytes: 1_000_000))], default);
        Assert.Equal(1_000_001, (await store.ReadSegmentAsync(100, 1, default))!.Payload!.Length);
        Assert.Contains(
            log.Collector.GetSnapshot(), entry => entry is { Id.Name: "StoreWriteRecovered", Level: LogLevel.Information });
    }

    [Fact]
    public async Task CommitAsync_LockedByAnotherProgram_IsUnavailableUntilItLetsGo()
    {
        await using var store = SqliteStores.Create(_directory.Path);
        await store.OpenAsync(default);
        await store.CommitAsync([Accept(Batch(1))], default);
        using (var other = new SqliteConnection($"Data Source={_directory.File("batch.db")};Pooling=False"))
        {
            other.Open();
            using var transaction = other.BeginTransaction();
            await Assert.ThrowsAsync<StoreUnavailableException>(
                async () => await store.CommitAsync([new StoreWrite.Cancel(1)], default));
            Assert.False((await store.FindBatchAsync(1, default))!.Cancelled);
        }

        await store.CommitAsync([new StoreWrite.Cancel(1)], default);
        Assert.True((await store.FindBatchAsync(1, default))!.Cancelled);
    }

    [Fact]
    public async Task CommitAsync_BrokenInvariant_IsABugAndTheStoreGoesOn()
    {
        await using var store = SqliteStores.Create(_directory.Path);
        await store.OpenAsync(default);
        await Assert.ThrowsAsync<InvalidOperationException>(
            async () => await store.CommitAsync([Accept(Batch(1) with { Failed = 1 })], default));
        await Assert.ThrowsAsync<InvalidOperationException>(
            async () => await store.CommitAsync([Accept(Batch(1) with { DoneTime = Start })], default));
        await Assert.ThrowsAsync<NullReferenceException>(
            async () => await store.CommitAsync([Accept(Batch(1)), new StoreWrite.MarkStarted(1, null!)], default));
        Assert.Null(await store.FindBatchAsync(1, default));
        await store.CommitAsync([Accept(Batch(1))], default);
    }

    private async Task AssertCopyHoldsAsync(BatchRecord expected, string name)
    {
        Copy(name);
        await using var copy = SqliteStores.Create(_directory.File(name));
        await copy.OpenAsync(default);
        var batch = await copy.FindBatchAsync(expected.Key, default);
        Assert.NotNull(batch);
        Assert.Equal(expected.Finished, batch.Finished);
        for (var position = 1; position <= batch.Finished; position++)
        {
            var segment = await copy.ReadSegmentAsync(expected.Key, position, default);
            Assert.True(Segment(position, 1, position * 1000).Payload.AsSpan().SequenceEqual(segment?.Payload));
        }
    }

    private void Copy(string name)
    {
        Directory.CreateDirectory(_directory.File(name));
        foreach (var file in (string[])["batch.db", "batch.db-wal"])
        {
            File.Copy(_directory.File(file), _directory.File($"{name}/{file}"));
        }
    }
}
