using Batching.Engine.Delivery;

namespace Batching.Engine.Tests.Delivery;

public sealed class BatchSignalsTests
{
    private readonly BatchSignals _signals = new();

    [Fact]
    public void Changed_SeveralWait_WakesAllOfThatBatchOnly()
    {
        using var first = _signals.Watch(1);
        using var second = _signals.Watch(1);
        using var other = _signals.Watch(2);
        _signals.Changed(1);
        Assert.True(first.NextChange.IsCompleted);
        Assert.True(second.NextChange.IsCompleted);
        Assert.False(other.NextChange.IsCompleted);
    }

    [Fact]
    public void Changed_NobodyWaits_IsNotRemembered()
    {
        _signals.Changed(1);
        using var watch = _signals.Watch(1);
        Assert.False(watch.NextChange.IsCompleted);
    }

    // Readers come and go; batches that are done never change again.
    [Fact]
    public void Dispose_LastWatch_LeavesNothingBehind()
    {
        var first = _signals.Watch(1);
        var second = _signals.Watch(1);
        first.Dispose();
        first.Dispose();
        Assert.Equal(1, _signals.WatchedBatches);
        _signals.Changed(1);
        using (_signals.Watch(1))
        {
            // It belongs to a source that is gone: the new one must not go with it.
            second.Dispose();
            Assert.Equal(1, _signals.WatchedBatches);
        }

        Assert.Equal(0, _signals.WatchedBatches);
    }
}
