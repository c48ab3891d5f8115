using Batching.Engine.Quotas;
using Batching.Engine.Tests.Infrastructure;

namespace Batching.Engine.Tests.Quotas;

public sealed class OwnerByteBudgetTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly FakeTime _time = new();
    private readonly OwnerByteBudget _budget;

    public OwnerByteBudgetTests() => _budget = new OwnerByteBudget(100, 60, _time);

    [Fact]
    public void TryReserve_WithinTheShare_IsGranted()
    {
        using var alice = _budget.Open("alice");
        Assert.True(alice.TryReserve(40));
        Assert.True(alice.TryReserve(20));
        Assert.False(alice.TryReserve(1));
        Assert.Equal(60, alice.Held);
    }

    [Fact]
    public void TryReserve_TwoLeasesOfAnOwner_ShareItsShare()
    {
        using var one = _budget.Open("alice");
        using var other = _budget.Open("alice");
        Assert.True(one.TryReserve(40));
        Assert.False(other.TryReserve(21));
        Assert.True(other.TryReserve(20));
    }

    [Fact]
    public void TryReserve_OthersHaveTheirShares_IsBoundedByTheWhole()
    {
        using var alice = _budget.Open("alice");
        using var bob = _budget.Open("bob");
        Assert.True(alice.TryReserve(60));
        Assert.False(bob.TryReserve(41));
        Assert.True(bob.TryReserve(40));
        Assert.Equal(100, _budget.Used);
    }

    [Fact]
    public void TryReserve_LargerThanTheShare_IsGrantedToWhoHoldsNothing()
    {
        using var alice = _budget.Open("alice");
        Assert.True(alice.TryReserve(90));
        Assert.False(alice.TryReserve(1));
        alice.Release(90);
        Assert.True(alice.TryReserve(1));
        Assert.False(alice.TryReserve(90));
    }

    [Fact]
    public void TryReserve_LargerThanTheWhole_IsGrantedWhenNobodyHoldsAnything()
    {
        using var alice = _budget.Open("alice");
        using var bob = _budget.Open("bob");
        Assert.True(bob.TryReserve(1));
        Assert.False(alice.TryReserve(1000));
        bob.Release(1);
        Assert.True(alice.TryReserve(1000));
        Assert.False(bob.TryReserve(1));
    }

    [Fact]
    public async Task TryReserve_SomebodyWaitsForTheWhole_PassesNobody()
    {
        using var alice = _budget.Open("alice");
        using var bob = _budget.Open("bob");
        using var carol = _budget.Open("carol");
        Assert.True(alice.TryReserve(60));
        var waiting = bob.ReserveAsync(50, Patience, CancellationToken.None).AsTask();
        Assert.False(carol.TryReserve(1));
        alice.Dispose();
        Assert.True(await Eventually.WithDeadlineAsync(waiting, "room for Bob"));
        Assert.True(carol.TryReserve(1));
    }

    [Fact]
    public async Task ReserveAsync_OwnShareIsFull_HoldsUpNobodyElse()
    {
        using var alice = _budget.Open("alice");
        using var bob = _budget.Open("bob");
        Assert.True(alice.TryReserve(60));
        var waiting = alice.ReserveAsync(10, Patience, CancellationToken.None).AsTask();
        Assert.True(bob.TryReserve(40));
        bob.Release(40);
        Assert.False(waiting.IsCompleted);
        alice.Release(10);
        Assert.True(await Eventually.WithDeadlineAsync(waiting, "room for Alice"));
        Assert.Equal(60, alice.Held);
    }

    [Fact]
    public async Task ReserveAsync_SomethingSmallBehindSomethingLarge_WaitsInLine()
    {
        using var alice = _budget.Open("alice");
        Assert.True(alice.TryReserve(50));
        var large = alice.ReserveAsync(40, Patience, CancellationToken.None).AsTask();
        var small = alice.ReserveAsync(5, Patience, CancellationToken.None).AsTask();
        Assert.False(small.IsCompleted);
        alice.Release(50);
        Assert.True(await Eventually.WithDeadlineAsync(large, "room for the large one"));
        Assert.True(await Eventually.WithDeadlineAsync(small, "room for the small one"));
    }

    [Fact]
    public async Task ReserveAsync_ManyOfOneOwnerWait_AnotherOwnerIsNext()
    {
        using var full = _budget.Open("full");
        full.ReserveAnyway(100);
        using var alice = _budget.Open("alice");
        var order = new List<string>();
        var waiting = new List<Task>();
        foreach (var name in (string[])["first", "second", "third"])
        {
            waiting.Add(NoteAsync(alice, name));
        }

        using var bob = _budget.Open("bob");
        waiting.Add(NoteAsync(bob, "bob"));
        for (var i = 1; i <= 4; i++)
        {
            full.Release(20);
            await Eventually.BeTrueAsync(() => Count() == i, $"grant {i}");
        }

        Assert.Equal(["first", "bob", "second", "third"], order);
        await Task.WhenAll(waiting);

        async Task NoteAsync(ByteLease lease, string name)
        {
            Assert.True(await lease.ReserveAsync(20, Timeout.InfiniteTimeSpan, CancellationToken.None));
            lock (order)
            {
                order.Add(name);
            }
        }

        int Count()
        {
            lock (order)
            {
                return order.Count;
            }
        }
    }

    [Fact]
    public async Task ReserveAsync_NoRoomInTime_IsRefusedAndLetsTheNextIn()
    {
        using var alice = _budget.Open("alice");
        using var bob = _budget.Open("bob");
        using var carol = _budget.Open("carol");
        Assert.True(alice.TryReserve(60));
        var large = bob.ReserveAsync(50, Patience, CancellationToken.None).AsTask();
        var small = carol.ReserveAsync(30, 2 * Patience, CancellationToken.None).AsTask();
        Assert.False(small.IsCompleted);
        _time.Advance(Patience);
        Assert.False(await Eventually.WithDeadlineAsync(large, "the end of Bob's patience"));
        Assert.True(await Eventually.WithDeadlineAsync(small, "room for Carol"));
        Assert.Equal(0, bob.Held);
    }

    [Fact]
    public async Task ReserveAsync_Cancelled_TakesNothingAndLetsTheNextIn()
    {
        using var alice = _budget.Open("alice");
        using var bob = _budget.Open("bob");
        using var carol = _budget.Open("carol");
        using var gone = new CancellationTokenSource();
        Assert.True(alice.TryReserve(60));
        var large = bob.ReserveAsync(50, Patience, gone.Token).AsTask();
        var small = carol.ReserveAsync(30, Patience, CancellationToken.None).AsTask();
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => large);
        Assert.True(await Eventually.WithDeadlineAsync(small, "room for Carol"));
        Assert.Equal(90, _budget.Used);
    }

    [Fact]
    public async Task Dispose_WhateverHappened_GivesEverythingBack()
    {
        await Assert.ThrowsAsync<InvalidOperationException>(async () =>
        {
            using var lease = _budget.Open("alice");
            Assert.True(await lease.ReserveAsync(30, Patience, CancellationToken.None));
            lease.ReserveAnyway(1000);
            throw new InvalidOperationException("Something failed while the bytes were held.");
        });
        Assert.Equal(0, _budget.Used);
        Assert.Equal(0, _budget.Owners);
    }

    [Fact]
    public async Task ReserveAsync_ManyAtOnce_NeverExceedsWhatThereIs()
    {
        const int owners = 4;
        long used = 0;
        var usedBy = new long[owners];
        await Task.WhenAll(Enumerable.Range(0, 2 * owners).Select(worker => Task.Run(async () =>
        {
            var owner = worker % owners;
            for (var i = 0; i < 2_000; i++)
            {
                using var lease = _budget.Open($"owner {owner}");
                var bytes = 1 + ((worker + i) % 50);
                Assert.True(await lease.ReserveAsync(bytes, Timeout.InfiniteTimeSpan, CancellationToken.None));
                Assert.True(Interlocked.Add(ref used, bytes) <= 100, "The budget is exceeded.");
                Assert.True(Interlocked.Add(ref usedBy[owner], bytes) <= 60, "A share is exceeded.");
                await Task.Yield();
                Interlocked.Add(ref usedBy[owner], -bytes);
                Interlocked.Add(ref used, -bytes);
            }
        })));
        Assert.Equal(0, _budget.Used);
        Assert.Equal(0, _budget.Owners);
    }
}
