using Batching.Engine.Model;
using Batching.Engine.Running;

namespace Batching.Engine.Tests.Running;

public sealed class LoadCursorTests : IDisposable
{
    private readonly BatchStop _stop = new(CancellationToken.None);

    public void Dispose() => _stop.Dispose();

    [Fact]
    public void TryBegin_EnoughWaiting_ReturnsFalse()
    {
        var cursor = new LoadCursor(new ReadyRequests(100), _stop);
        Assert.True(cursor.TryBegin(stored: 100, lowWater: 1));
        Assert.False(cursor.TryBegin(stored: 100, lowWater: 1));
        cursor.AddWaiting();
        cursor.AddWaiting();
        cursor.End(50);
        Assert.Equal(50, cursor.Next);
        Assert.False(cursor.TryBegin(stored: 100, lowWater: 1));
        Assert.True(cursor.RemoveWaiting(stored: 100, lowWater: 1));
        Assert.False(cursor.TryBegin(stored: 100, lowWater: 1));
        cursor.End(100);
        Assert.False(cursor.TryBegin(stored: 100, lowWater: 1));
    }

    // After a restart a million requests may be finished before the first that is not.
    [Fact]
    public void TryBegin_BeginningClaimed_BeginsBehindIt()
    {
        var requests = new ReadyRequests(4);
        Assert.True(requests.TryClaim(0));
        Assert.True(requests.TryClaim(1));
        Assert.True(requests.TryClaim(3));
        var cursor = new LoadCursor(requests, _stop);
        Assert.True(cursor.TryBegin(stored: 4, lowWater: 1));
        Assert.Equal(2, cursor.Next);
        cursor.End(3);
        Assert.False(cursor.TryBegin(stored: 4, lowWater: 1));
    }

    // Requests that this gateway holds from now on, in front of those that were loaded, and while others are.
    [Fact]
    public void MoveBackTo_WhileLoading_LoadsThemNext()
    {
        var requests = new ReadyRequests(10, areHeld: false);
        var cursor = new LoadCursor(requests, _stop);
        Assert.False(cursor.TryBegin(stored: 10, lowWater: 1));
        requests.Hold(6, 2, new HashSet<int>());
        cursor.MoveBackTo(6);
        Assert.Equal(2, requests.Ready);
        Assert.True(cursor.TryBegin(stored: 10, lowWater: 1));
        Assert.Equal(6, cursor.Next);
        Assert.True(requests.TryClaim(6));
        Assert.True(requests.TryClaim(7));

        requests.Hold(2, 3, new HashSet<int> { 2 });
        cursor.MoveBackTo(2);
        cursor.End(10);

        Assert.True(cursor.TryBegin(stored: 10, lowWater: 1));
        Assert.Equal(3, cursor.Next);
        Assert.Equal(2, requests.Ready);
    }

    [Fact]
    public void TryBegin_SpawnedAndNotStored_ReturnsFalse()
    {
        var requests = new ReadyRequests(0);
        requests.Add(claimed: false);
        var cursor = new LoadCursor(requests, _stop);
        Assert.False(cursor.TryBegin(stored: 0, lowWater: 1));
        Assert.True(cursor.TryBegin(stored: 1, lowWater: 1));
    }

    [Fact]
    public void TryBegin_Stopped_ReturnsFalse()
    {
        var cursor = new LoadCursor(new ReadyRequests(1), _stop);
        Assert.True(_stop.TryStop(Failure.Cancelled));
        Assert.False(cursor.TryBegin(stored: 1, lowWater: 1));
    }
}
