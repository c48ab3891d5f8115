using Batching.Engine.Model;
using Batching.Engine.Storage;
using static Batching.Storage.Tests.StoreData;

namespace Batching.Storage.Tests;

public abstract partial class BatchStoreConformance
{
    private static readonly SubmissionKey Key = new("k-1 \"☃\"", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");

    [Fact]
    public async Task FindBatchAsync_BySubmissionKey_FindsOnlyThatOfTheOwner()
    {
        var batch = Batch(7) with { SubmissionKey = Key };
        await CommitAsync(Accept(batch), Accept(Batch(100, owner: "bob") with { SubmissionKey = Key }), Accept(Batch(200)));

        AssertSame(batch, await Store.FindBatchAsync("alice", Key.Text, None));
        AssertSame(batch, await Store.FindBatchAsync(7, None));
        Assert.Equal(100, (await Store.FindBatchAsync("bob", Key.Text, None))?.Key);
        Assert.Null(await Store.FindBatchAsync("Alice", Key.Text, None));
        Assert.Null(await Store.FindBatchAsync("alice", "K-1 \"☃\"", None));
        Assert.Null(await Store.FindBatchAsync("alice", "", None));

        await ReopenAsync();
        AssertSame(batch, await Store.FindBatchAsync("alice", Key.Text, None));
    }

    [Fact]
    public async Task CommitAsync_AcceptWithATakenKey_RefusesTheWholeCommitAndNamesTheBatch()
    {
        await CommitAsync(Accept(Batch(7) with { SubmissionKey = Key }), Accept(Batch(50)));

        var refused = await Assert.ThrowsAsync<SubmissionKeyTakenException>(async () => await CommitAsync(
            Accept(Batch(100)),
            new StoreWrite.Cancel(50),
            Accept(Batch(200) with { SubmissionKey = Key with { ContentHash = "other" } })));

        Assert.Equal(200, refused.BatchKey);
        Assert.Null(await Store.FindBatchAsync(100, None));
        Assert.Null(await Store.FindBatchAsync(200, None));
        Assert.False((await FindAsync(50)).Cancelled);
        Assert.Equal(7, (await Store.FindBatchAsync("alice", Key.Text, None))?.Key);
        Assert.Equal(8, (await Store.ReadUsageAsync("alice", None)).Requests);

        // Nothing of it is left in the way.
        await CommitAsync(Accept(Batch(100)), Accept(Batch(200) with { SubmissionKey = Key with { Text = "other" } }));
        Assert.Equal(200, (await Store.FindBatchAsync("alice", "other", None))?.Key);
    }

    [Fact]
    public async Task CommitAsync_TwoWithTheSameKeyInOneCommit_RefusesTheSecond()
    {
        var refused = await Assert.ThrowsAsync<SubmissionKeyTakenException>(async () => await CommitAsync(
            Accept(Batch(7) with { SubmissionKey = Key }), Accept(Batch(100) with { SubmissionKey = Key })));

        Assert.Equal(100, refused.BatchKey);
        Assert.Null(await Store.FindBatchAsync("alice", Key.Text, None));
    }

    [Fact]
    public async Task CommitAsync_ManyWithTheSameKeySideBySide_AcceptsOne()
    {
        var accepted = await Task.WhenAll(Enumerable.Range(1, 20).Select(i => Task.Run(async () =>
        {
            try
            {
                await CommitAsync(Accept(Batch(i * 100) with { SubmissionKey = Key }));
                return true;
            }
            catch (SubmissionKeyTakenException exception) when (exception.BatchKey == i * 100)
            {
                return false;
            }
        })));

        Assert.Equal(1, accepted.Count(isAccepted => isAccepted));
        Assert.Single(await Store.ListBatchesAsync("alice", long.MaxValue, 100, None));
    }

    [Fact]
    public async Task CommitAsync_StagedAndRefusedForItsKey_CanStillBeDeleted()
    {
        await CommitAsync(Accept(Batch(7) with { SubmissionKey = Key }));
        var key = await Store.ReserveKeysAsync(1_000, None);
        await CommitAsync(new StoreWrite.Stage(key, [Window(0, 3)]));

        await Assert.ThrowsAsync<SubmissionKeyTakenException>(async () => await CommitAsync(
            new StoreWrite.Accept(Batch(key) with { SubmissionKey = Key }, [Window(3, 1)])));
        await CommitAsync(new StoreWrite.Delete(key));

        Assert.Null(await Store.ReadWindowAsync(key, 0, None));
    }

    [Fact]
    public async Task CommitAsync_KeyFreedInTheSameCommit_GoesByTheOrder()
    {
        await CommitAsync(Accept(Batch(7) with { SubmissionKey = Key }));

        var refused = await Assert.ThrowsAsync<SubmissionKeyTakenException>(async () => await CommitAsync(
            new StoreWrite.Delete(50), Accept(Batch(100) with { SubmissionKey = Key }), new StoreWrite.Delete(7)));
        Assert.Equal(100, refused.BatchKey);
        Assert.NotNull(await Store.FindBatchAsync(7, None));

        await CommitAsync(
            Accept(Batch(200) with { SubmissionKey = Key with { Text = "other" } }),
            new StoreWrite.Delete(7),
            Accept(Batch(300) with { SubmissionKey = Key }));
        Assert.Equal(300, (await Store.FindBatchAsync("alice", Key.Text, None))?.Key);
        Assert.Equal(200, (await Store.FindBatchAsync("alice", "other", None))?.Key);
    }

    [Fact]
    public async Task CommitAsync_BatchDeleted_FreesItsKey()
    {
        await CommitAsync(Accept(Batch(7) with { SubmissionKey = Key }));
        await CommitAsync(new StoreWrite.Delete(7));
        Assert.Null(await Store.FindBatchAsync("alice", Key.Text, None));

        await CommitAsync(Accept(Batch(100) with { SubmissionKey = Key }));

        Assert.Equal(100, (await Store.FindBatchAsync("alice", Key.Text, None))?.Key);
    }
}
