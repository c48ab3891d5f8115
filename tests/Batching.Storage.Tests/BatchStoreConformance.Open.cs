using Batching.Engine.Model;
using Batching.Engine.Storage;
using static Batching.Storage.Tests.StoreData;

namespace Batching.Storage.Tests;

public abstract partial class BatchStoreConformance
{
    private static readonly AppendState Given = new(4, 1_000_000_000_000, 0, 0, "");

    [Fact]
    public async Task CommitAsync_OpenBatch_StoresWhatWasGiven()
    {
        var batch = Batch(7) with { OpenUntil = Start.AddMinutes(10), Appends = Given };
        await CommitAsync(Accept(batch));
        AssertSame(batch, await Store.FindBatchAsync(7, None));

        var appended = batch with
        {
            Total = 7,
            OpenUntil = Start.AddMinutes(11),
            Appends = Given.With(4, 3, 200, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
        };
        await CommitAsync(new StoreWrite.AppendResults(appended, [], [Window(4, 3)]));

        AssertSame(appended, await Store.FindBatchAsync(7, None));
        Assert.Equal(Window(4, 3).Data, (await Store.ReadWindowAsync(7, 5, None))?.Data);
        Assert.Equal(new OwnerUsage(1, 7, 200), await Store.ReadUsageAsync("alice", None));
        await ReopenAsync();
        AssertSame(appended, await Store.FindBatchAsync(7, None));
    }

    [Fact]
    public async Task CommitAsync_OpenBatchWithAllResults_IsUnfinishedUntilItIsSealed()
    {
        var batch = Batch(7) with { OpenUntil = Start.AddMinutes(10), Appends = Given };
        await CommitAsync(Accept(batch));
        var segment = Segment(1, 4);
        var finished = batch.After(segment) with { DoneTime = null, Credential = batch.Credential };
        await CommitAsync(new StoreWrite.AppendResults(finished, [segment], []));

        AssertSame(finished, await Store.FindBatchAsync(7, None));
        Assert.Equal([7], KeysOf(await Store.ListUnfinishedAsync(0, 10, None)));
        var usage = await Store.ReadUsageAsync("alice", None);
        Assert.Equal((1, 0L), (usage.Batches, usage.Requests));

        var done = finished with { OpenUntil = null, DoneTime = Start.AddMinutes(2), Credential = null };
        await CommitAsync(new StoreWrite.AppendResults(done, [], [], Seals: true));

        AssertSame(done, await Store.FindBatchAsync(7, None));
        Assert.Empty(await Store.ListUnfinishedAsync(0, 10, None));
        Assert.Equal(0, (await Store.ReadUsageAsync("alice", None)).Batches);
    }

    [Fact]
    public async Task CommitAsync_OpenBatchSealedWithRequestsRunning_GoesOn()
    {
        var batch = Batch(7) with { OpenUntil = Start.AddMinutes(10), Appends = Given };
        await CommitAsync(Accept(batch));
        await CommitAsync(new StoreWrite.AppendResults(batch with { OpenUntil = null }, [], [], Seals: true));
        var usage = await Store.ReadUsageAsync("alice", None);
        Assert.Equal((1, 4L), (usage.Batches, usage.Requests));

        await CommitAsync(Append(batch with { OpenUntil = null }, Segment(1, 4)));

        Assert.Equal(0, (await Store.ReadUsageAsync("alice", None)).Batches);
        Assert.Empty(await Store.ListUnfinishedAsync(0, 10, None));
    }

    [Fact]
    public async Task CommitAsync_OpenBatchWithAllResults_CanBeCancelledAndDeleted()
    {
        var batch = Batch(7) with { OpenUntil = Start.AddMinutes(10), Appends = Given };
        await CommitAsync(Accept(batch));
        var segment = Segment(1, 4);
        await CommitAsync(new StoreWrite.AppendResults(batch.After(segment) with { DoneTime = null }, [segment], []));

        await CommitAsync(new StoreWrite.Cancel(7));
        Assert.True((await FindAsync(7)).Cancelled);
        await CommitAsync(new StoreWrite.Delete(7));

        Assert.Equal(default, await Store.ReadUsageAsync("alice", None));
    }
}
