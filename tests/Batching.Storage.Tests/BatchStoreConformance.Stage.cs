using Batching.Engine.Storage;
using static Batching.Storage.Tests.StoreData;

namespace Batching.Storage.Tests;

public abstract partial class BatchStoreConformance
{
    [Fact]
    public async Task CommitAsync_Stage_IsSeenByNobody()
    {
        var key = await Store.ReserveKeysAsync(100, None);

        await CommitAsync(new StoreWrite.Stage(key, [Window(0, 2), Window(2, 2)]));
        await CommitAsync(new StoreWrite.Stage(key, [Window(4, 1)]));

        await AssertGoneAsync(key);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task CommitAsync_AcceptOfAStagedBatch_HasEveryWindow(bool withMore)
    {
        var key = await Store.ReserveKeysAsync(100, None);
        var windows = new[] { Window(0, 2), Window(2, 3), Window(5, 1) };
        var batch = Batch(key, total: 6);
        await CommitAsync(new StoreWrite.Stage(key, [windows[0]]));
        await CommitAsync(new StoreWrite.Stage(key, withMore ? [windows[1]] : windows[1..]));

        await CommitAsync(new StoreWrite.Accept(batch, withMore ? windows[2..] : []));

        await AssertAsync();
        await ReopenAsync();
        await AssertAsync();

        async Task AssertAsync()
        {
            AssertSame(batch, await Store.FindBatchAsync(key, None));
            Assert.Equal([key], KeysOf(await Store.ListUnfinishedAsync(0, 10, None)));
            foreach (var (index, expected) in (IEnumerable<(int, int)>)[(0, 0), (1, 0), (2, 1), (4, 1), (5, 2)])
            {
                var window = await Store.ReadWindowAsync(key, index, None);
                Assert.NotNull(window);
                Assert.Equal((windows[expected].FirstIndex, windows[expected].Count), (window.FirstIndex, window.Count));
                Assert.Equal(windows[expected].Data, window.Data);
            }

            Assert.Null(await Store.ReadWindowAsync(key, 6, None));
        }
    }

    [Fact]
    public async Task CommitAsync_StageInAGroupThatFails_IsUndone()
    {
        var key = await Store.ReserveKeysAsync(100, None);
        await CommitAsync(Accept(Batch(1000)));
        await Assert.ThrowsAnyAsync<Exception>(
            async () => await CommitAsync(new StoreWrite.Stage(key, [Window(0, 2)]), Accept(Batch(1000))));

        // It would contradict what is there already, otherwise.
        await CommitAsync(new StoreWrite.Stage(key, [Window(0, 3)]), new StoreWrite.Accept(Batch(key, total: 3), []));

        Assert.Equal(3, (await Store.ReadWindowAsync(key, 0, None))!.Count);
    }
}
