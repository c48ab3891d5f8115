using Batching.Engine.Quotas;
using Batching.Engine.Tests.Infrastructure;

namespace Batching.Engine.Tests.Quotas;

public sealed class WorkTurnsTests
{
    private const int Large = WorkTurns.LargeBytes + 1;

    private readonly FakeTime _time = new();

    [Fact]
    public async Task TakeAsync_SmallWork_NeedsNone()
    {
        var turns = new WorkTurns(1, _time);
        using var turn = await turns.TakeAsync("alice", Large, default);

        Assert.Null(await turns.TakeAsync("alice", WorkTurns.LargeBytes, default));
        Assert.Null(await turns.TakeAsync("bob", 0, default));
    }

    [Fact]
    public async Task TakeAsync_ManyShortRequests_AreLargeWork()
    {
        var turns = new WorkTurns(1, _time);
        using var turn = await turns.TakeAsync("alice", requests: 1000, bytes: 4000, default);

        Assert.NotNull(turn);
        Assert.Null(await turns.TakeAsync("bob", requests: 10, bytes: 4000, default));
        Assert.False(turns.TakeAsync("bob", requests: 1000, bytes: 0, default).AsTask().IsCompleted);
    }

    [Fact]
    public async Task TakeAsync_OwnerHasATurn_WaitsForItsEnd()
    {
        var turns = new WorkTurns(8, _time);
        var first = await turns.TakeAsync("alice", Large, default);
        var second = turns.TakeAsync("alice", Large, default).AsTask();
        using var other = await turns.TakeAsync("bob", Large, default);

        Assert.False(second.IsCompleted);
        first!.Dispose();
        (await second)!.Dispose();
        Assert.Equal(1, turns.Owners);
    }

    [Fact]
    public async Task TakeAsync_AllHaveTheirTurns_GoesInTurnOverOwners()
    {
        var turns = new WorkTurns(1, _time);
        var first = await turns.TakeAsync("alice", Large, default);
        var second = turns.TakeAsync("alice", Large, default).AsTask();
        var other = turns.TakeAsync("bob", Large, default).AsTask();

        first!.Dispose();
        var turn = await other;
        Assert.False(second.IsCompleted);
        turn!.Dispose();
        (await second)!.Dispose();
        Assert.Equal(0, turns.Owners);
    }

    [Fact]
    public async Task TakeAsync_GivenUp_LeavesNothingBehind()
    {
        var turns = new WorkTurns(1, _time);
        using var end = new CancellationTokenSource();
        var first = await turns.TakeAsync("alice", Large, default);
        var second = turns.TakeAsync("alice", Large, end.Token).AsTask();
        var third = turns.TakeAsync("alice", Large, default).AsTask();

        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        Assert.False(third.IsCompleted);
        first!.Dispose();
        (await third)!.Dispose();
        Assert.Equal(0, turns.Owners);
    }

    [Fact]
    public async Task Places_Zero_AreOneLessThanTheProcessors()
    {
        var turns = new WorkTurns(0, _time);
        var processors = Math.Max(1, Environment.ProcessorCount - 1);
        var taken = Enumerable.Range(0, processors + 1)
            .Select(owner => turns.TakeAsync($"{owner}", Large, default).AsTask()).ToList();

        Assert.Equal(processors, taken.Count(turn => turn.IsCompleted));
        (await taken[0])!.Dispose();
        await taken[^1];
    }
}
