using Batching.Engine.Scheduling;
using Batching.Engine.Tests.Infrastructure;
using Batching.Engine.Upstreams;

namespace Batching.Engine.Tests.Scheduling;

public sealed class ActiveBatchTests : IDisposable
{
    private readonly CancellationTokenSource _abort = new();

    public void Dispose() => _abort.Dispose();

    [Fact]
    public async Task TryTake_ManyAtOnce_GivesEachRequestToOne()
    {
        var batch = new ActiveBatch(EmptyStore.Record(total: 1000), null, _abort.Token);
        var taken = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(
            () => Enumerable.Range(0, 1000).Count(batch.TryTake))));
        Assert.Equal(1000, taken.Sum());
    }

    [Fact]
    public void TryTakeToRun_Stopped_LeavesTheRequestToWhoeverEndsIt()
    {
        var batch = new ActiveBatch(EmptyStore.Record(), null, _abort.Token);
        Assert.True(batch.TryTakeToRun(0));
        Assert.True(batch.TryStop(Failure.Cancelled));
        Assert.False(batch.TryStop(Failure.Expired));
        Assert.Equal(Failure.Cancelled, batch.StopReason);
        Assert.True(batch.Stopping.IsCancellationRequested);
        Assert.False(batch.TryTakeToRun(1));
        Assert.True(batch.TryTake(1));
    }

    [Fact]
    public async Task Stopping_GatewayGivesUp_IsSignalledWithoutAReason()
    {
        var batch = new ActiveBatch(EmptyStore.Record(), null, _abort.Token);
        await _abort.CancelAsync();
        Assert.True(batch.Stopping.IsCancellationRequested);
        Assert.Equal(Failure.None, batch.StopReason);
    }

    // A registration for each batch that ever was would fill the memory.
    [Fact]
    public async Task Remove_Batch_LeavesNoRegistrationBehind()
    {
        var batches = new ActiveBatches();
        var batch = new ActiveBatch(EmptyStore.Record(key: 7), null, _abort.Token);
        batches.Add(batch);
        batches.Remove(7);
        await _abort.CancelAsync();
        Assert.False(batch.Stopping.IsCancellationRequested);
        Assert.True(batch.TryStop(Failure.Cancelled));
        Assert.True(batch.Stopping.IsCancellationRequested);
    }

    [Fact]
    public void TryBeginLoading_EnoughWaiting_ReturnsFalse()
    {
        var batch = new ActiveBatch(EmptyStore.Record(total: 100), null, _abort.Token);
        Assert.True(batch.TryBeginLoading(lowWater: 1));
        Assert.False(batch.TryBeginLoading(lowWater: 1));
        batch.CountWaiting();
        batch.CountWaiting();
        batch.EndLoading(nextToLoad: 50);
        Assert.Equal(50, batch.NextToLoad);
        Assert.False(batch.TryBeginLoading(lowWater: 1));
        Assert.True(batch.TryTakeFromQueue(0, lowWater: 1, out var needsMore));
        Assert.True(needsMore);
        Assert.False(batch.TryBeginLoading(lowWater: 1));
        batch.EndLoading(nextToLoad: 100);
        Assert.False(batch.TryBeginLoading(lowWater: 1));
    }

    // After a restart a million requests may be finished before the first that is not.
    [Fact]
    public void TryBeginLoading_BeginningTaken_BeginsBehindIt()
    {
        var batch = new ActiveBatch(EmptyStore.Record(total: 4), null, _abort.Token);
        Assert.True(batch.TryTake(0));
        Assert.True(batch.TryTake(1));
        Assert.True(batch.TryTake(3));
        Assert.True(batch.TryBeginLoading(lowWater: 1));
        Assert.Equal(2, batch.NextToLoad);
        batch.EndLoading(nextToLoad: 3);
        Assert.False(batch.TryBeginLoading(lowWater: 1));
    }
}
