using Batching.Engine.Committing;

namespace Batching.Engine.Tests.Committing;

public sealed class ByteBudgetTests
{
    private readonly ByteBudget _budget = new(100);

    [Fact]
    public void AcquireAsync_WithinTheBudget_IsGrantedAtOnce()
    {
        Assert.True(_budget.AcquireAsync(60).IsCompleted);
        Assert.True(_budget.AcquireAsync(40).IsCompleted);
        Assert.False(_budget.AcquireAsync(1).IsCompleted);
    }

    [Fact]
    public void AcquireAsync_SomethingSmallBehindSomethingLarge_WaitsInLine()
    {
        Assert.True(_budget.AcquireAsync(90).IsCompleted);
        var large = _budget.AcquireAsync(50);
        var small = _budget.AcquireAsync(5);
        Assert.False(small.IsCompleted);
        _budget.Release(90);
        Assert.True(large.IsCompleted);
        Assert.True(small.IsCompleted);
    }

    [Fact]
    public void AcquireAsync_LargerThanTheBudget_IsGrantedWhenNothingElseIs()
    {
        Assert.True(_budget.AcquireAsync(1).IsCompleted);
        var huge = _budget.AcquireAsync(1000);
        Assert.False(huge.IsCompleted);
        _budget.Release(1);
        Assert.True(huge.IsCompleted);
        var next = _budget.AcquireAsync(1);
        Assert.False(next.IsCompleted);
        _budget.Release(1000);
        Assert.True(next.IsCompleted);
    }

    [Fact]
    public async Task AcquireAsync_ManyAtOnce_NeverExceedsTheBudget()
    {
        long used = 0;
        await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(async () =>
        {
            for (var i = 0; i < 2_000; i++)
            {
                var bytes = 1 + ((worker + i) % 40);
                await _budget.AcquireAsync(bytes);
                Assert.True(Interlocked.Add(ref used, bytes) <= 100, "The budget is exceeded.");
                await Task.Yield();
                Interlocked.Add(ref used, -bytes);
                _budget.Release(bytes);
            }
        })));
        Assert.True(_budget.AcquireAsync(100).IsCompleted);
    }
}
