using Batching.Engine.Model;
using Batching.Engine.Storage;
using static Batching.Storage.Tests.StoreData;

namespace Batching.Storage.Tests;

/// <summary>
/// What every store must do that keeps files, and batches that are not accepted yet. A store's test class derives from it and says
/// how to make one; each test starts with an empty store.
/// </summary>
public abstract class FileStoreConformance : IAsyncLifetime
{
    private IBatchStore _store = null!;

    private IFileStore Files => (IFileStore)_store;

    private IDraftStore Drafts => (IDraftStore)_store;

    public virtual async Task InitializeAsync()
    {
        _store = CreateStore();
        await _store.OpenAsync(default);
        Assert.True(await _store.TryAcquireAsync(default));
    }

    public virtual async Task DisposeAsync() => await _store.DisposeAsync();

    /// <summary>Makes a store, not yet opened, on what this test has stored before.</summary>
    protected abstract IBatchStore CreateStore();

    [Fact]
    public async Task ReadFileAsync_Added_GivesItsBytesFromAnyPlace()
    {
        byte[][] chunks = [[1, 2, 3], [4, 5], [6]];
        await Files.StageFileAsync(7, 0, chunks[..2], default);
        await Files.StageFileAsync(7, 5, chunks[2..], default);
        Assert.Null(await Files.ReadFileAsync(7, 0, new byte[10], default));

        var file = File(7, 6);
        await Files.AddFileAsync(file, default);
        Assert.Equal(file, await Files.FindFileAsync("alice", 7, default));
        Assert.Null(await Files.FindFileAsync("bob", 7, default));
        for (var from = 0; from <= 6; from++)
        {
            var read = new List<byte>();
            var buffer = new byte[2];
            while (await Files.ReadFileAsync(7, from + read.Count, buffer, default) is > 0 and var count)
            {
                read.AddRange(buffer[..count]);
            }

            Assert.Equal(chunks.SelectMany(chunk => chunk).Skip(from), read);
        }
    }

    [Fact]
    public async Task ReadUsageAsync_Files_CountUntilTheyAreDeleted()
    {
        await Files.StageFileAsync(7, 0, [new byte[100]], default);
        await Files.AddFileAsync(File(7, 100), default);
        Assert.Equal(new OwnerUsage(0, 0, 100), await _store.ReadUsageAsync("alice", default));

        Assert.True(await Files.DeleteFileAsync(7, default));
        Assert.False(await Files.DeleteFileAsync(7, default));
        Assert.Equal(default, await _store.ReadUsageAsync("alice", default));
        Assert.Null(await Files.ReadFileAsync(7, 0, new byte[10], default));
    }

    [Fact]
    public async Task ListFilesAsync_PageByPage_IsNewestFirst()
    {
        foreach (var key in (long[])[3, 5, 9])
        {
            await Files.AddFileAsync(File(key, 0), default);
        }

        await Files.AddFileAsync(File(8, 0) with { Owner = "bob" }, default);
        var first = await Files.ListFilesAsync("alice", long.MaxValue, 2, default);
        var rest = await Files.ListFilesAsync("alice", 5, 2, default);
        Assert.Equal([9L, 5], first.Select(file => file.Key));
        Assert.Equal([3L], rest.Select(file => file.Key));
        Assert.Equal(4, (await Files.ListFilesToDeleteAsync(Start.AddDays(1), 10, default)).Count);
        Assert.Empty(await Files.ListFilesToDeleteAsync(Start.AddDays(1).AddMilliseconds(-1), 10, default));
    }

    [Fact]
    public async Task OpenAsync_StagedOnly_KeepsWhatIsOfAnOpenDraftAndDropsTheRest()
    {
        await _store.ReserveKeysAsync(100, default);
        await Files.StageFileAsync(7, 0, [new byte[10]], default);
        await _store.CommitAsync([new StoreWrite.Stage(8, [Window(0, 2)]), new StoreWrite.Stage(9, [Window(0, 3)])], default);
        await Drafts.AddDraftAsync(Draft(9), default);
        await Drafts.AddDraftAsync(Draft(10), default);
        await _store.CommitAsync([new StoreWrite.Stage(10, [Window(0, 1)])], default);
        await Drafts.EndDraftAsync(10, Start, [1], default);
        await ReopenAsync();

        await Eventually(async () => await Drafts.CountStagedAsync(8, default) == 0);
        Assert.Equal(3, await Drafts.CountStagedAsync(9, default));
        Assert.Equal(0, await Drafts.CountStagedAsync(10, default));
        await Files.AddFileAsync(File(7, 10), default);
        Assert.Equal(0, await Files.ReadFileAsync(7, 0, new byte[10], default));
    }

    [Fact]
    public async Task Accept_OfADraft_TakesItsPlaceWithWhatIsStaged()
    {
        var draft = Draft(9);
        await Drafts.AddDraftAsync(draft, default);
        Assert.Equal(new OwnerUsage(0, 0, 3), await _store.ReadUsageAsync("alice", default));
        await _store.CommitAsync([new StoreWrite.Stage(9, [Window(0, 3)])], default);
        var batch = Batch(9) with
        {
            Attributes = draft.Attributes,
            Deadline = Start.AddMinutes(5),
            MayRepeat = true,
        };
        await _store.CommitAsync([new StoreWrite.Accept(batch, [Window(3, 1)])], default);

        Assert.Null(await Drafts.FindDraftAsync("alice", 9, default));
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
        await Drafts.AddDraftAsync(Draft(9), default);
        Assert.Equal([9L], (await Drafts.ListOpenDraftsAsync(0, 10, default)).Select(draft => draft.Key));
        await Drafts.EndDraftAsync(9, Start, [1, 2], default);
        await Drafts.EndDraftAsync(9, Start.AddHours(1), null, default);

        var draft = (await Drafts.FindDraftAsync("alice", 9, default))!;
        Assert.Equal([1, 2], draft.Problems);
        Assert.Equal(Start, draft.EndTime);
        Assert.Null(draft.Credential);
        Assert.Null(await Drafts.FindDraftAsync("bob", 9, default));
        Assert.Empty(await Drafts.ListOpenDraftsAsync(0, 10, default));
        Assert.Single(await Drafts.ListDraftsAsync("alice", 10, 10, default));
        Assert.Empty(await Drafts.ListDraftsAsync("alice", 9, 10, default));

        Assert.Single(await Drafts.ListDraftsToDeleteAsync(Start.AddDays(1), 10, default));
        await Drafts.DeleteDraftAsync(9, default);
        Assert.Equal(default, await _store.ReadUsageAsync("alice", default));
    }

    [Fact]
    public async Task DeleteFileAsync_StagedOnly_DeletesIt()
    {
        await Files.StageFileAsync(7, 0, [new byte[10]], default);

        Assert.True(await Files.DeleteFileAsync(7, default));
        Assert.False(await Files.DeleteFileAsync(7, default));
        await Files.AddFileAsync(File(7, 0), default);
        Assert.Equal(0, await Files.ReadFileAsync(7, 0, new byte[10], default));
    }

    [Fact]
    public async Task AddFileAsync_TextOfAnyCharacters_IsKept()
    {
        var file = File(7, 0) with { Owner = "a\0b", Name = "in\0\u2603.jsonl" };
        await Files.AddFileAsync(file, default);
        Assert.Equal(file, await Files.FindFileAsync("a\0b", 7, default));
        Assert.Equal(default, await _store.ReadUsageAsync("a\0b", default));
        Assert.True(await Files.DeleteFileAsync(7, default));
    }

    [Fact]
    public async Task DeleteDraftAsync_Open_DeletesWhatIsStaged()
    {
        await Drafts.AddDraftAsync(Draft(9), default);
        await _store.CommitAsync([new StoreWrite.Stage(9, [Window(0, 3)])], default);
        Assert.Equal(3, await Drafts.CountStagedAsync(9, default));

        await Drafts.DeleteDraftAsync(9, default);

        await Eventually(async () => await Drafts.CountStagedAsync(9, default) == 0);
        Assert.Null(await Drafts.FindDraftAsync("alice", 9, default));
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
        _store = CreateStore();
        await _store.OpenAsync(default);
        Assert.True(await _store.TryAcquireAsync(default));
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
