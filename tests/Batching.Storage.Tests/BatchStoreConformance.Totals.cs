using Batching.Engine.Storage;
using static Batching.Storage.Tests.StoreData;

namespace Batching.Storage.Tests;

public abstract partial class BatchStoreConformance
{
    /// <summary>A store that can't say what it holds has to be told apart from one that holds nothing.</summary>
    [Fact]
    public async Task ReadTotalsAsync_BatchesOfAllStates_CountsThemAsCallersSeeThem()
    {
        var now = Batch(1).CreateTime;
        var (done, late, expired) = (Batch(20, total: 1), Batch(40), Batch(50));
        await CommitAsync(
            Accept(Batch(1)),
            Accept(Batch(10, owner: "bob")),
            Accept(done),
            Append(done, Segment(1, 1)),
            Accept(Batch(30)),
            new StoreWrite.Cancel(30),
            Accept(late with { ExpireTime = now }),
            Accept(expired),
            new StoreWrite.Cancel(50),
            new StoreWrite.Expire(50),
            Accept(Batch(60)),
            new StoreWrite.Delete(60));

        if (await Store.ReadTotalsAsync(now, None) is { } totals)
        {
            Assert.Equal((2, 1, 1, 2), (totals.Running, totals.Done, totals.Cancelled, totals.Expired));
            Assert.True(totals.UsedBytes > 0);
        }
    }
}
