using Batching.Engine.Storage;

namespace Batching.Engine.Tests.Storage;

public sealed class ChangeNotifierTests
{
    private readonly ChangeNotifier _changes = new();

    [Fact]
    public void Changed_SeveralWait_WakesAllOfThatBatchOnly()
    {
        using var first = _changes.Watch(1);
        using var second = _changes.Watch(1);
        using var other = _changes.Watch(2);
        _changes.Notify(1);
        Assert.True(first.NextChange.IsCompleted);
        Assert.True(second.NextChange.IsCompleted);
        Assert.False(other.NextChange.IsCompleted);
    }

    [Fact]
    public void Changed_NobodyWaits_IsNotRemembered()
    {
        _changes.Notify(1);
        using var watch = _changes.Watch(1);
        Assert.False(watch.NextChange.IsCompleted);
    }

    // Readers come and go; batches that are done never change again.
    [Fact]
    public void Dispose_LastWatch_LeavesNothingBehind()
    {
        var first = _changes.Watch(1);
        var second = _changes.Watch(1);
        first.Dispose();
        first.Dispose();
        Assert.Equal(1, _changes.WatchedBatches);
        _changes.Notify(1);
        using (_changes.Watch(1))
        {
            // It belongs to a source that is gone: the new one must not go with it.
            second.Dispose();
            Assert.Equal(1, _changes.WatchedBatches);
        }

        Assert.Equal(0, _changes.WatchedBatches);
    }
}
