using Batching.Engine.Storage;
using static Batching.Storage.Tests.StoreData;

namespace Batching.Storage.Tests;

public abstract partial class BatchStoreConformance
{
    [Fact]
    public async Task CommitAsync_AcceptWithASchedule_StoresIt()
    {
        var batch = Batch(7) with { StartTime = Start.AddHours(1), Priority = 9, Deadline = Start.AddHours(2).AddMilliseconds(1) };
        await CommitAsync(Accept(batch));
        AssertSame(batch, await Store.FindBatchAsync(7, None));

        // Results change nothing of it.
        var segment = Segment(1, 1);
        await CommitAsync(Append(batch, segment));
        AssertSame(batch.After(segment), await Store.FindBatchAsync(7, None));
        await ReopenAsync();
        AssertSame(batch.After(segment), await Store.FindBatchAsync(7, None));
    }

    [Fact]
    public async Task ListToStartAsync_ManyTimes_ListsThoseBetweenInOrderAndPages()
    {
        for (var i = 0; i < 6; i++)
        {
            await CommitAsync(Accept(Batch(100 - (i * 10)) with { StartTime = Start.AddMinutes(i / 2) }));
        }

        await CommitAsync(Accept(Batch(500)), Accept(Batch(600, owner: "bob") with { StartTime = Start.AddMinutes(1) }));

        Assert.Equal([90, 100, 70, 80, 600, 50, 60], await ListAsync(DateTimeOffset.MinValue.AddYears(1), 0, DateTimeOffset.MaxValue, 100));
        Assert.Equal([70, 80, 600], await ListAsync(Start, long.MaxValue, Start.AddMinutes(1), 100));
        Assert.Equal([70, 80], await ListAsync(Start, long.MaxValue, Start.AddMinutes(1), 2));
        Assert.Equal([600, 50], await ListAsync(Start.AddMinutes(1), 80, DateTimeOffset.MaxValue, 2));
        Assert.Empty(await ListAsync(Start.AddMinutes(2), long.MaxValue, DateTimeOffset.MaxValue, 100));
        Assert.Empty(await ListAsync(Start, long.MaxValue, Start.AddMinutes(1).AddMilliseconds(-1), 100));

        async Task<IEnumerable<long>> ListAsync(DateTimeOffset after, long afterKey, DateTimeOffset until, int limit) =>
            KeysOf(await Store.ListToStartAsync(after, afterKey, until, limit, None));
    }

    [Fact]
    public async Task ListToStartAsync_BatchesThatAreDoneOrGone_ListsNone()
    {
        var done = Batch(7, total: 1) with { StartTime = Start.AddMinutes(1) };
        await CommitAsync(Accept(done), Accept(Batch(100) with { StartTime = Start.AddMinutes(1) }));
        await CommitAsync(Append(done, Segment(1, 1)), new StoreWrite.Delete(100));

        Assert.Empty(await Store.ListToStartAsync(Start, long.MaxValue, DateTimeOffset.MaxValue, 100, None));
    }
}
