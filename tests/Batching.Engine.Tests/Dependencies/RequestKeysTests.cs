using Batching.Engine.Dependencies;

namespace Batching.Engine.Tests.Dependencies;

public sealed class RequestKeysTests
{
    [Fact]
    public void TryAdd_ManyKeys_FindsEachAndRefusesEachTwice()
    {
        const int count = 20_000;
        var keys = new RequestKeys();

        Assert.Equal(-1, keys.Find("k0"));
        for (var i = 0; i < count; i++)
        {
            Assert.True(keys.TryAdd($"k{i}", 3 * i, out var own));
            Assert.Equal(3 * i, own);
        }

        Assert.Equal(count, keys.Count);
        for (var i = 0; i < count; i++)
        {
            Assert.Equal(3 * i, keys.Find($"k{i}"));
            Assert.Equal(-1, keys.Find($"K{i}"));
            Assert.False(keys.TryAdd($"k{i}", -5, out var first));
            Assert.Equal(3 * i, first);
        }

        Assert.Equal(count, keys.Count);
    }

    [Fact]
    public void BytesPerKey_ManyKeys_IsMoreThanTheyTake()
    {
        const int count = 200_000;
        var names = Enumerable.Range(0, count).Select(i => $"{i}").ToArray();
        var before = GC.GetAllocatedBytesForCurrentThread();
        var keys = new RequestKeys();
        foreach (var name in names)
        {
            keys.TryAdd(name, 0, out _);
        }

        // What was allocated is more than what there was at any time: each table but the last is gone.
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.InRange(allocated, 1, count * (long)RequestKeys.BytesPerKey);
    }

    [Fact]
    public void Name_BeforeARequestHasTheKey_LeavesItFree()
    {
        var keys = new RequestKeys();
        var number = keys.Name("later");

        Assert.Equal((-1, -1, 1), (keys.IndexOf(number), keys.Find("later"), keys.Count));
        Assert.True(keys.TryAdd("later", 7, out _));
        Assert.Equal((7, 7, number), (keys.IndexOf(number), keys.Find("later"), keys.Name("later")));
        Assert.False(keys.TryAdd("later", 8, out var first));
        Assert.Equal(7, first);
    }
}
