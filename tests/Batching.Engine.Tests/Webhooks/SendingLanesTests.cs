using Batching.Engine.Model;
using Batching.Engine.Webhooks;

namespace Batching.Engine.Tests.Webhooks;

public sealed class SendingLanesTests
{
    private int _key;

    [Fact]
    public void TryTake_OneLane_GetsAnEighthOfThePlaces()
    {
        var lanes = new SendingLanes(64);
        for (var i = 0; i < 100; i++)
        {
            lanes.Add(Message("alice", "a"));
        }

        var taken = TakeAll(lanes);
        Assert.Equal(8, taken.Count);
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8], taken.Select(message => message.BatchKey));
        lanes.Release(taken[0]);
        Assert.Equal(9, Assert.Single(TakeAll(lanes)).BatchKey);
    }

    [Fact]
    public void TryTake_ManyOwnersAtOneHost_LeaveRoomForOtherHosts()
    {
        var lanes = new SendingLanes(64);
        for (var owner = 0; owner < 50; owner++)
        {
            lanes.Add(Message($"owner {owner}", "hangs"));
        }

        Assert.Equal(16, TakeAll(lanes).Count);
        lanes.Add(Message("owner 0", "works"));
        Assert.Equal("works", Assert.Single(TakeAll(lanes)).Host);
    }

    [Fact]
    public void TryTake_OneOwnerAtManyHosts_LeavesRoomForOthers()
    {
        var lanes = new SendingLanes(64);
        for (var host = 0; host < 50; host++)
        {
            lanes.Add(Message("alice", $"host {host}"));
        }

        Assert.Equal(16, TakeAll(lanes).Count);
        lanes.Add(Message("bob", "host 49"));
        Assert.Equal("bob", Assert.Single(TakeAll(lanes)).Owner);
    }

    [Fact]
    public void TryTake_SeveralLanes_TakeTurns()
    {
        var lanes = new SendingLanes(8);
        foreach (var owner in (string[])["a", "a", "b", "b", "c"])
        {
            lanes.Add(Message(owner, owner));
        }

        Assert.Equal(["a", "b", "c"], TakeAll(lanes).Select(message => message.Owner));
    }

    [Fact]
    public void Add_MessageThatIsHere_IsTakenOnce()
    {
        var lanes = new SendingLanes(8);
        var message = Message("alice", "a");
        lanes.Add(message);
        lanes.Add(message);
        Assert.Single(TakeAll(lanes));
        lanes.Release(message);
        lanes.Add(message);
        Assert.Empty(TakeAll(lanes));
        lanes.Forget(message);
        lanes.Add(message);
        Assert.Single(TakeAll(lanes));
    }

    [Fact]
    public void Add_HostWithMoreThanItsShare_LeavesRoomForOthers()
    {
        var lanes = new SendingLanes(8);
        for (var owner = 0; owner < 10_000; owner++)
        {
            lanes.Add(Message($"{owner}", "hangs"));
        }

        Assert.InRange(lanes.Room, 1, 64 * 8 * 3 / 4);
        lanes.Add(Message("alice", "works"));
        Assert.Contains(TakeAll(lanes), message => message.Host == "works");
    }

    [Fact]
    public void TakeWish_LaneRunsOut_IsTrueOnce()
    {
        var lanes = new SendingLanes(8);
        Assert.False(lanes.TakeWish());
        var message = Message("alice", "a");
        lanes.Add(message);
        Assert.False(lanes.TakeWish());
        TakeAll(lanes);
        Assert.True(lanes.TakeWish());
        Assert.False(lanes.TakeWish());
        lanes.Release(message);
        lanes.Forget(message);
        Assert.True(lanes.TakeWish());
    }

    private static List<WebhookMessage> TakeAll(SendingLanes lanes)
    {
        var taken = new List<WebhookMessage>();
        while (lanes.TryTake(out var message))
        {
            taken.Add(message);
        }

        return taken;
    }

    private WebhookMessage Message(string owner, string host) => new()
    {
        BatchKey = ++_key,
        Event = BatchEvents.Done,
        Owner = owner,
        Host = host,
        Url = $"https://{host}/",
        Body = [],
        CreateTime = DateTimeOffset.UnixEpoch,
        NextTime = DateTimeOffset.UnixEpoch,
        EndTime = DateTimeOffset.UnixEpoch,
    };
}
