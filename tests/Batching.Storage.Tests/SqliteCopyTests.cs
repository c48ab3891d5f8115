using Batching.Engine.Storage;
using Batching.Storage.Sqlite;
using static Batching.Storage.Tests.StoreData;

namespace Batching.Storage.Tests;

/// <summary>Copies of a store: those that lack something are refused, and the others give out no id again.</summary>
public sealed class SqliteCopyTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly TemporaryDirectory _copies = new();

    public void Dispose()
    {
        _directory.Dispose();
        _copies.Dispose();
    }

    [Fact]
    public async Task OpenAsync_CopiedWithoutItsLog_IsRefusedUntilAnEmptyLogSaysThatItMayBe()
    {
        await using var store = await OpenAsync(_directory.Path);
        await store.CommitAsync([Accept(Batch(1))], default);
        var copy = Copy("batch.db");

        await using var refused = SqliteStores.Create(copy);
        var error = await Assert.ThrowsAsync<StoreUnusableException>(async () => await refused.OpenAsync(default));
        Assert.Contains("batch.db-wal is missing", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Directory.GetFiles(copy), file => file.EndsWith("-wal", StringComparison.Ordinal));

        await File.WriteAllBytesAsync(Path.Combine(copy, "batch.db-wal"), []);
        await using var opened = await OpenAsync(copy);
    }

    [Fact]
    public async Task OpenAsync_CopiedWithItsLogOrAfterItsEnd_HasEverything()
    {
        string open;
        await using (var store = await OpenAsync(_directory.Path))
        {
            await store.CommitAsync([Accept(Batch(1))], default);
            open = Copy("batch.db", "batch.db-wal");
        }

        foreach (var copy in (string[])[open, Copy("batch.db")])
        {
            await using var store = await OpenAsync(copy);
            Assert.NotNull(await store.FindBatchAsync(1, default));
        }
    }

    [Fact]
    public async Task ReserveKeysAsync_Copy_GivesOutNoNumberOfTheOriginal()
    {
        await using var store = await OpenAsync(_directory.Path);
        Assert.Equal(1, await store.ReserveKeysAsync(10, default));
        var first = Copy("batch.db", "batch.db-wal");
        var second = Path.Combine(_copies.Path, "backup");
        SqliteBackup.Write(_directory.Path, second);

        // What the original gives out from now on, a copy must not, nor two copies the same.
        Assert.Equal(11, await store.ReserveKeysAsync(1_000_000, default));
        await using var one = await OpenAsync(first);
        await using var other = await OpenAsync(second);
        var numbers = new[] { await one.ReserveKeysAsync(1, default), await other.ReserveKeysAsync(1, default) };
        Assert.All(numbers, number => Assert.InRange(number, 1L << 42, 1L << 44));
        Assert.NotEqual(numbers[0], numbers[1]);
    }

    [Fact]
    public async Task ReserveKeysAsync_OpenedAgain_GoesOn()
    {
        await using (var store = await OpenAsync(_directory.Path))
        {
            await store.ReserveKeysAsync(10, default);
        }

        await using var again = await OpenAsync(_directory.Path);
        Assert.Equal(11, await again.ReserveKeysAsync(1, default));
    }

    [Fact]
    public async Task Write_StoreInUse_IsWholeAndRestoresToWhatWasCommitted()
    {
        await using var store = await OpenAsync(_directory.Path);
        var secret = await store.GetOrAddSecretAsync("ids", [1, 2, 3], default);
        await store.CommitAsync([Accept(Batch(1)), Append(Batch(1), Segment(1, 4))], default);
        var target = Path.Combine(_copies.Path, "backup");
        SqliteBackup.Write(_directory.Path, target);
        await store.CommitAsync([Accept(Batch(100))], default);

        await using var restored = await OpenAsync(target);
        Assert.Equal(4, (await restored.FindBatchAsync(1, default))!.Finished);
        Assert.Equal(Segment(1, 4).Payload, (await restored.ReadSegmentAsync(1, 1, default))!.Payload);
        Assert.Null(await restored.FindBatchAsync(100, default));
        Assert.Equal(secret, await restored.GetOrAddSecretAsync("ids", [9], default));
        Assert.Throws<StoreUnusableException>(() => SqliteBackup.Write(_directory.Path, target));
    }

    [Fact]
    public async Task OpenAsync_EmptyFileInADirectoryThatWasInUse_IsRefused()
    {
        Directory.CreateDirectory(_directory.File("keys"));
        await File.WriteAllBytesAsync(_directory.File("batch.db"), []);
        await using var store = SqliteStores.Create(_directory.Path);
        var error = await Assert.ThrowsAsync<StoreUnusableException>(async () => await store.OpenAsync(default));
        Assert.Contains("is empty", error.Message, StringComparison.Ordinal);

        File.Delete(_directory.File("batch.db"));
        await using var opened = await OpenAsync(_directory.Path);
    }

    private static async Task<SqliteBatchStore> OpenAsync(string directory)
    {
        var store = SqliteStores.Create(directory);
        await store.OpenAsync(default);
        return store;
    }

    private string Copy(params string[] names)
    {
        var target = Path.Combine(_copies.Path, Guid.NewGuid().ToString("N"));
        Directory.CreateDirectory(target);
        foreach (var name in names)
        {
            File.Copy(_directory.File(name), Path.Combine(target, name));
        }

        return target;
    }
}
