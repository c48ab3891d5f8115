using Batching.Engine.Running;

namespace Batching.Engine.Tests.Running;

public sealed class ReadyRequestsTests
{
    [Fact]
    public async Task TryClaim_ManyAtOnce_GivesEachRequestToOne()
    {
        var requests = new ReadyRequests(1000);
        var claimed = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(
            () => Enumerable.Range(0, 1000).Count(requests.TryClaim))));
        Assert.Equal(1000, claimed.Sum());
    }

    [Fact]
    public void FindNext_SomeClaimed_PassesThemOver()
    {
        var requests = new ReadyRequests(4);
        Assert.True(requests.TryClaim(0));
        Assert.True(requests.TryClaim(2));
        Assert.Equal((1, 1, 3), (requests.FindNext(0), requests.FindNext(1), requests.FindNext(2)));
        Assert.True(requests.TryClaim(3));
        Assert.Equal(4, requests.FindNext(2));
    }

    [Fact]
    public void Add_Spawned_IsReadyUnlessItIsClaimed()
    {
        var requests = new ReadyRequests(0);
        Assert.Equal((0, 1), (requests.Add(claimed: true), requests.Add(claimed: false)));
        Assert.Equal((2, 1), (requests.Count, requests.FindNext(0)));
    }
}
