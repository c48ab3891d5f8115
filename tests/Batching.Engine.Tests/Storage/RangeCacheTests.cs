using Batching.Engine.Storage;

namespace Batching.Engine.Tests.Storage;

public sealed class RangeCacheTests
{
    private readonly RangeCache<string> _cache = new(100);

    [Fact]
    public void TryGet_AnyNumberOfARun_FindsIt()
    {
        _cache.Add(1, first: 5, count: 3, bytes: 10, "five");
        _cache.Add(1, first: 8, count: 1, bytes: 10, "eight");
        Assert.Null(Find(1, 4));
        Assert.Equal("five", Find(1, 5));
        Assert.Equal("five", Find(1, 7));
        Assert.Equal("eight", Find(1, 8));
        Assert.Null(Find(1, 9));
        Assert.Null(Find(2, 5));
    }

    [Fact]
    public void Add_Full_DropsWhatWasUsedLeastRecently()
    {
        _cache.Add(1, 1, 1, 40, "one");
        _cache.Add(1, 2, 1, 40, "two");
        Assert.Equal("one", Find(1, 1));
        _cache.Add(2, 1, 1, 40, "three");
        Assert.Null(Find(1, 2));
        Assert.Equal("one", Find(1, 1));
        Assert.Equal("three", Find(2, 1));
    }

    [Fact]
    public void Add_LargerThanTheCache_IsNotKeptAndDropsNothing()
    {
        _cache.Add(1, 1, 1, 100, "one");
        _cache.Add(1, 2, 1, 101, "large");
        Assert.Null(Find(1, 2));
        Assert.Equal("one", Find(1, 1));
    }

    [Fact]
    public void Add_RunThatIsThere_LeavesItAsItIs()
    {
        _cache.Add(1, 1, 2, 60, "first");
        _cache.Add(1, 1, 2, 60, "second");
        Assert.Equal("first", Find(1, 2));
        _cache.Add(1, 3, 1, 40, "beside");
        Assert.Equal("first", Find(1, 2));
    }

    [Fact]
    public void Remove_Batch_ForgetsItAndFreesItsBytes()
    {
        _cache.Add(1, 1, 1, 50, "one");
        _cache.Add(1, 2, 1, 50, "two");
        _cache.Remove(1);
        _cache.Remove(1);
        Assert.Null(Find(1, 1));
        _cache.Add(2, 1, 1, 50, "three");
        _cache.Add(2, 2, 1, 50, "four");
        Assert.Equal("three", Find(2, 1));
        Assert.Equal("four", Find(2, 2));
    }

    private string? Find(long batch, int number) => _cache.TryGet(batch, number, out var value) ? value : null;
}
