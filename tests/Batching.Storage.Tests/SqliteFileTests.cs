using Batching.Engine.Model;
using Batching.Engine.Storage;
using Batching.Storage.Sqlite;
using static Batching.Storage.Tests.StoreData;

namespace Batching.Storage.Tests;

/// <summary>Files, and batches that are not accepted yet.</summary>
public sealed class SqliteFileTests : IAsyncLifetime, IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private SqliteBatchStore _store = null!;

    public async Task InitializeAsync()
    {
        _store = SqliteStores.Create(_directory.Path);
        await _store.OpenAsync(default);
    }

    public async Task DisposeAsync() => await _store.DisposeAsync();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task ReadFileAsync_Added_GivesItsBytesFromAnyPlace()
    {
        byte[][] chunks = [[1, 2, 3], [4, 5], [6]];
        await _store.StageFileAsync(7, 0, chunks[..2], default);
        await _store.StageFileAsync(7, 5, chunks[2..], default);
        Assert.Null(await _store.ReadFileAsync(7, 0, new byte[10], default));

        var file = File(7, 6);
        await _store.AddFileAsync(file, default);
        Assert.Equal(file, await _store.FindFileAsync("alice", 7, default));
        Assert.Null(await _store.FindFileAsync("bob", 7, default));
        for (var from = 0; from <= 6; from++)
        {
            var read = new List<byte>();
            var buffer = new byte[2];
            while (await _store.ReadFileAsync(7, from + read.Count, buffer, default) is > 0 and var count)
            {
                read.AddRange(buffer[..count]);
            }

            Assert.Equal(chunks.SelectMany(chunk => chunk).Skip(from), read);
        }
    }

    [Fact]
    public async Task ReadUsageAsync_Files_CountUntilTheyAreDeleted()
    {
        await _store.StageFileAsync(7, 0, [new byte[100]], default);
        await _store.AddFileAsync(File(7, 100), default);
        Assert.Equal(new OwnerUsage(0, 0, 100), await _store.ReadUsageAsync("alice", default));

        Assert.True(await _store.DeleteFileAsync(7, default));
        Assert.False(await _store.DeleteFileAsync(7, default));
        Assert.Equal(default, await _store.ReadUsageAsync("alice", default));
        Assert.Null(await _store.ReadFileAsync(7, 0, new byte[10], default));
    }

    [Fact]
    public async Task ListFilesAsync_PageByPage_IsNewestFirst()
    {
        foreach (var key in (long[])[3, 5, 9])
        {
            await _store.AddFileAsync(File(key, 0), default);
        }

        await _store.AddFileAsync(File(8, 0) with { Owner = "bob" }, default);
        var first = await _store.ListFilesAsync("alice", long.MaxValue, 2, default);
        var rest = await _store.ListFilesAsync("alice", 5, 2, default);
        Assert.Equal([9L, 5], first.Select(file => file.Key));
        Assert.Equal([3L], rest.Select(file => file.Key));
        Assert.Equal(4, (await _store.ListFilesToDeleteAsync(Start.AddDays(1), 10, default)).Count);
        Assert.Empty(await _store.ListFilesToDeleteAsync(Start.AddDays(1).AddMilliseconds(-1), 10, default));
    }

    [Fact]
    public async Task OpenAsync_StagedOnly_KeepsWhatIsOfAnOpenDraftAndDropsTheRest()
    {
        await _store.ReserveKeysAsync(100, default);
        await _store.StageFileAsync(7, 0, [new byte[10]], default);
        await _store.CommitAsync([new StoreWrite.Stage(8, [Window(0, 2)]), new StoreWrite.Stage(9, [Window(0, 3)])], default);
        await _store.AddDraftAsync(Draft(9), default);
        await _store.AddDraftAsync(Draft(10), default);
        await _store.CommitAsync([new StoreWrite.Stage(10, [Window(0, 1)])], default);
        await _store.EndDraftAsync(10, Start, [1], default);
        await ReopenAsync();

        await Eventually(async () => await _store.CountStagedAsync(8, default) == 0);
        Assert.Equal(3, await _store.CountStagedAsync(9, default));
        Assert.Equal(0, await _store.CountStagedAsync(10, default));
        await _store.AddFileAsync(File(7, 10), default);
        Assert.Equal(0, await _store.ReadFileAsync(7, 0, new byte[10], default));
    }

    [Fact]
    public async Task Accept_OfADraft_TakesItsPlaceWithWhatIsStaged()
    {
        var draft = Draft(9);
        await _store.AddDraftAsync(draft, default);
        Assert.Equal(new OwnerUsage(0, 0, 3), await _store.ReadUsageAsync("alice", default));
        await _store.CommitAsync([new StoreWrite.Stage(9, [Window(0, 3)])], default);
        var batch = Batch(9) with
        {
            Attributes = draft.Attributes,
            Deadline = Start.AddMinutes(5),
            MayRepeat = true,
        };
        await _store.CommitAsync([new StoreWrite.Accept(batch, [Window(3, 1)])], default);

        Assert.Null(await _store.FindDraftAsync("alice", 9, default));
        var found = (await _store.FindBatchAsync(9, default))!;
        Assert.Equal(draft.Attributes, found.Attributes);
        Assert.Equal((batch.Deadline, true, batch.Deadline), (found.Deadline, found.MayRepeat, found.StopTime));
        Assert.NotNull(await _store.ReadWindowAsync(9, 2, default));
        Assert.Equal(new OwnerUsage(1, 4, 203), await _store.ReadUsageAsync("alice", default));

        await _store.CommitAsync([new StoreWrite.Cancel(9, Start), new StoreWrite.Cancel(9, Start.AddHours(1))], default);
        Assert.Equal(Start, (await _store.FindBatchAsync(9, default))!.CancelTime);
    }

    [Fact]
    public async Task EndDraftAsync_GivenUp_KeepsTheFirstReasonAndForgetsTheCredential()
    {
        await _store.AddDraftAsync(Draft(9), default);
        Assert.Equal([9L], (await _store.ListOpenDraftsAsync(0, 10, default)).Select(draft => draft.Key));
        await _store.EndDraftAsync(9, Start, [1, 2], default);
        await _store.EndDraftAsync(9, Start.AddHours(1), null, default);

        var draft = (await _store.FindDraftAsync("alice", 9, default))!;
        Assert.Equal([1, 2], draft.Problems);
        Assert.Equal(Start, draft.EndTime);
        Assert.Null(draft.Credential);
        Assert.Null(await _store.FindDraftAsync("bob", 9, default));
        Assert.Empty(await _store.ListOpenDraftsAsync(0, 10, default));
        Assert.Single(await _store.ListDraftsAsync("alice", 10, 10, default));
        Assert.Empty(await _store.ListDraftsAsync("alice", 9, 10, default));

        Assert.Single(await _store.ListDraftsToDeleteAsync(Start.AddDays(1), 10, default));
        await _store.DeleteDraftAsync(9, default);
        Assert.Equal(default, await _store.ReadUsageAsync("alice", default));
    }

    private static FileRecord File(long key, long bytes) => new()
    {
        Key = key,
        Owner = "alice",
        Name = "in.jsonl",
        Purpose = "batch",
        Bytes = bytes,
        CreateTime = Start,
        ExpireTime = Start.AddDays(1),
    };

    private static BatchDraft Draft(long key) => new()
    {
        Key = key,
        Owner = "alice",
        CreateTime = Start,
        DeleteTime = Start.AddDays(1),
        Attributes = [7, 8, 9],
        Credential = [1],
        Peer = "192.0.2.1",
        Trace = null,
    };

    private async Task ReopenAsync()
    {
        await _store.DisposeAsync();
        await InitializeAsync();
    }

    private static async Task Eventually(Func<Task<bool>> isSo)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!await isSo())
        {
            deadline.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
