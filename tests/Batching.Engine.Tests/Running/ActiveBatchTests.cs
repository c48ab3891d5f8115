using Batching.Engine.Model;
using Batching.Engine.Running;
using Batching.Engine.Tests.Infrastructure;

namespace Batching.Engine.Tests.Running;

public sealed class ActiveBatchTests : IDisposable
{
    private readonly CancellationTokenSource _abort = new();

    public void Dispose() => _abort.Dispose();

    [Fact]
    public void TryClaimToRun_Stopped_LeavesTheRequestToWhoeverEndsIt()
    {
        var batch = new ActiveBatch(EmptyStore.Record(), null, _abort.Token);
        Assert.True(batch.TryClaimToRun(0));
        Assert.True(batch.Stop.TryStop(Failure.Cancelled));
        Assert.False(batch.Stop.TryStop(Failure.Expired));
        Assert.Equal(Failure.Cancelled, batch.StopReason);
        Assert.True(batch.Stopping.IsCancellationRequested);
        Assert.False(batch.TryClaimToRun(1));
        Assert.True(batch.Requests.TryClaim(1));
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
        Assert.True(batch.Stop.TryStop(Failure.Cancelled));
        Assert.True(batch.Stopping.IsCancellationRequested);
    }
}
