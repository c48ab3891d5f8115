using Batching.Engine.Storage;
using Batching.Testing;
using Microsoft.Extensions.Time.Testing;
using static Batching.Storage.Tests.StoreData;

namespace Batching.Storage.Tests;

/// <summary>
/// What every store must do that several gateways may open. A store's test class derives from it and says how to make one; each
/// test starts with an empty store.
/// </summary>
public abstract class SharedStoreConformance
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task TryAcquireAsync_AnotherHoldsIt_IsFalse()
    {
        await using var one = await OpenAsync();
        await using var other = await OpenAsync();

        Assert.True(await one.TryAcquireAsync(None));
        Assert.False(await other.TryAcquireAsync(None));

        Assert.True(one.Hold.IsCertain);
        Assert.False(other.Hold.IsCertain);
        Assert.False(other.Hold.IsLost);
    }

    [Fact]
    public async Task TryAcquireAsync_ManyAtOnce_OnlyOneGetsIt()
    {
        var stores = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(OpenAsync)));
        var acquired = await Task.WhenAll(stores.Select(store => Task.Run(async () => await store.TryAcquireAsync(None))));
        Assert.Single(acquired, isHeld => isHeld);
        foreach (var store in stores)
        {
            await store.DisposeAsync();
        }
    }

    [Fact]
    public async Task TryAcquireAsync_AnotherHasClosedIt_IsTrueAtOnce()
    {
        await using var other = await OpenAsync();
        var one = await AcquireAsync();
        await one.CommitAsync([Accept(Batch(7))], None);
        await one.DisposeAsync();

        Assert.True(await other.TryAcquireAsync(None));
        Assert.NotNull(await other.FindBatchAsync(7, None));
    }

    [Fact]
    public async Task TryAcquireAsync_AnotherRenewsItsLease_StaysFalse()
    {
        await using var one = await AcquireAsync();
        await using var other = await OpenAsync();

        // Longer than the lease.
        var until = TimeProvider.System.GetUtcNow() + (2 * Lease);
        await Eventually.BeTrueAsync(
            async () =>
            {
                Assert.False(await other.TryAcquireAsync(None));
                return TimeProvider.System.GetUtcNow() > until;
            },
            "the time is over");
        Assert.True(one.Hold.IsCertain);
    }

    [Fact]
    public async Task TryAcquireAsync_AnotherIsDead_GetsItAfterTheLease()
    {
        await using var dead = await AcquireAsync(NeverRenews());
        await dead.CommitAsync([Accept(Batch(7))], None);
        await using var other = await OpenAsync();
        Assert.False(await other.TryAcquireAsync(None));

        await TakeOverAsync(other);

        Assert.NotNull(await other.FindBatchAsync(7, None));
        await other.CommitAsync([Accept(Batch(100))], None);
        Assert.NotNull(await other.FindBatchAsync(100, None));
    }

    [Fact]
    public async Task CommitAsync_TakenOver_ChangesNothingAndLosesTheHold()
    {
        await using var zombie = await AcquireAsync(NeverRenews());
        var batch = Batch(7);
        await zombie.CommitAsync([Accept(batch)], None);
        await using var other = await OpenAsync();
        await TakeOverAsync(other);
        Assert.True(zombie.Hold.IsCertain, "It must not know by itself in this test.");

        foreach (var write in (StoreWrite[])[
            Accept(Batch(100)),
            new StoreWrite.Stage(500, [Window(0, 1)]),
            Append(batch, Segment(1, 1)),
            new StoreWrite.MarkStarted(7, [0]),
            new StoreWrite.MoveReceivedMark(7, 1),
            new StoreWrite.Cancel(7),
            new StoreWrite.Expire(7),
            new StoreWrite.Delete(7)])
        {
            await Assert.ThrowsAsync<StoreUnavailableException>(async () => await zombie.CommitAsync([write], None));
        }

        Assert.True(zombie.Hold.IsLost);
        Assert.False(zombie.Hold.IsCertain);
        Assert.Null(await other.FindBatchAsync(100, None));
        Assert.Null(await other.ReadSegmentAsync(7, 1, None));
        Assert.Empty(await other.ListStartedAsync(7, None));
        var found = await other.FindBatchAsync(7, None);
        Assert.NotNull(found);
        Assert.False(found.Cancelled || found.Expired || found.Finished > 0);
    }

    [Fact]
    public async Task CommitAsync_WhileOthersTakeOver_NoCommitOfTheOldOneFollowsOneOfTheNewOne()
    {
        await using var zombie = await AcquireAsync(NeverRenews());
        await using var other = await OpenAsync();
        var committed = 0L;
        var committing = Task.Run(async () =>
        {
            try
            {
                for (var key = 10L; ; key += 10)
                {
                    await zombie.CommitAsync([Accept(Batch(key, total: 1))], None);
                    Interlocked.Exchange(ref committed, key);
                }
            }
            catch (StoreUnavailableException)
            {
            }
        });

        await TakeOverAsync(other);
        var seen = (await other.ListUnfinishedAsync(0, int.MaxValue, None)).Max(batch => batch.Key);
        await committing.WithDeadlineAsync("the zombie ends");

        // What it was told to be stored is, and it has stored nothing since.
        Assert.True(seen >= Interlocked.Read(ref committed));
        Assert.Equal(seen, (await other.ListUnfinishedAsync(0, int.MaxValue, None)).Max(batch => batch.Key));
    }

    [Fact]
    public async Task ReserveKeysAsync_AfterATakeOver_GoesOnBehindTheLast()
    {
        await using var zombie = await AcquireAsync(NeverRenews());
        var first = await zombie.ReserveKeysAsync(10, None);
        await using var other = await OpenAsync();
        await TakeOverAsync(other);
        Assert.Equal(first + 10, await other.ReserveKeysAsync(5, None));
    }

    [Fact]
    public async Task CommitAsync_StagedByADeadOne_CanBeStagedAgain()
    {
        await using var dead = await AcquireAsync(NeverRenews());
        var key = await dead.ReserveKeysAsync(10, None);
        await dead.CommitAsync([new StoreWrite.Stage(key, [Window(0, 2)])], None);
        await using var other = await OpenAsync();
        await TakeOverAsync(other);
        await AssertStagedIsGoneAsync(key);
    }

    [Fact]
    public async Task Members_NotAcquired_Throw()
    {
        await using var one = await OpenAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await one.CommitAsync([Accept(Batch(1))], None));
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await one.ReserveKeysAsync(1, None));
    }

    [Fact]
    public async Task GetOrAddSecretAsync_NotAcquired_IsTheSameForAll()
    {
        await using var one = await OpenAsync();
        await using var other = await OpenAsync();
        Assert.Equal([1, 2], await one.GetOrAddSecretAsync("a", [1, 2], None));
        Assert.Equal([1, 2], await other.GetOrAddSecretAsync("a", [3], None));
    }

    /// <summary>The lease of the stores that <see cref="CreateStore"/> makes.</summary>
    protected abstract TimeSpan Lease { get; }

    /// <summary>Makes a store, not yet opened, on what this test has stored before.</summary>
    protected abstract IBatchStore CreateStore(TimeProvider time);

    /// <summary>Fails if what was staged stays in the store for ever.</summary>
    protected abstract Task AssertStagedIsGoneAsync(long key);

    // Its clock stands still: it renews nothing, and believes that no time has passed.
    private static FakeTimeProvider NeverRenews() => new(TimeProvider.System.GetUtcNow());

    private static Task TakeOverAsync(IBatchStore store) =>
        Eventually.BeTrueAsync(async () => await store.TryAcquireAsync(None), "the lease runs out");

    private Task<IBatchStore> OpenAsync() => OpenAsync(TimeProvider.System);

    private async Task<IBatchStore> OpenAsync(TimeProvider time)
    {
        var store = CreateStore(time);
        await store.OpenAsync(None);
        return store;
    }

    private async Task<IBatchStore> AcquireAsync(TimeProvider? time = null)
    {
        var store = await OpenAsync(time ?? TimeProvider.System);
        Assert.True(await store.TryAcquireAsync(None));
        return store;
    }
}
