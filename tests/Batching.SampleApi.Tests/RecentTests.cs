namespace Batching.SampleApi.Tests;

public sealed class RecentTests
{
    [Fact]
    public void Update_BeyondCapacity_ForgetsTheOldestKey()
    {
        var recent = new Recent<string, int>(2);
        recent.Update("a", n => n + 1);
        recent.Update("b", n => n + 1);
        recent.Update("a", n => n + 1);
        recent.Update("c", n => n + 1);

        Assert.Equal((0, 1, 1), (recent.Find("a"), recent.Find("b"), recent.Find("c")));
    }
}
