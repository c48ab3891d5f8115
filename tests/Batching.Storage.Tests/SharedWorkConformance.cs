using Batching.Engine.Model;
using Batching.Engine.Storage;
using Batching.Testing;
using Microsoft.Extensions.Time.Testing;
using static Batching.Storage.Tests.StoreData;

namespace Batching.Storage.Tests;

/// <summary>
/// What every store must do whose work several gateways share: two and three of them on one database. A store's test class derives
/// from it and says how to make one; each test starts with an empty store.
/// </summary>
public abstract class SharedWorkConformance : IAsyncLifetime
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly DateTimeOffset Now = Start.AddMinutes(1);

    // What is over is deleted by whoever looks first.
    private static readonly DateTimeOffset Later =
        DateTimeOffset.FromUnixTimeMilliseconds(TimeProvider.System.GetUtcNow().AddHours(1).ToUnixTimeMilliseconds());

    private readonly List<IBatchStore> _stores = [];

    [Fact]
    public async Task TryAcquireAsync_Three_AllActForTheStore()
    {
        foreach (var store in await OpenAsync(3))
        {
            Assert.True(store.Hold.IsCertain);
            Assert.NotNull(store.Sharing);
        }
    }

    [Fact]
    public async Task ClaimRunsAsync_ThreeSideBySide_EachRunIsHeldByOne()
    {
        var stores = await OpenAsync(3);
        await stores[0].CommitAsync([Shared(10, runs: 60)], None);

        var claimed = await Task.WhenAll(stores.Select(store => Task.Run(async () =>
        {
            var runs = new List<RequestRun>();
            while (await ClaimAsync(store, 10, most: 3) is { Count: > 0 } some)
            {
                runs.AddRange(some);
            }

            return runs;
        })));

        Assert.Equal(
            Enumerable.Range(0, 60).Select(i => new RequestRun(10, i * 2, 2, WasHeld: false)),
            claimed.SelectMany(runs => runs).OrderBy(run => run.FirstIndex));
        var held = await stores[1].Sharing!.ListHeldAsync(None);
        Assert.Equal(claimed[1].OrderBy(run => run.FirstIndex), held.Runs.OrderBy(run => run.FirstIndex));
        Assert.Empty((await PollAsync(stores[0])).OpenBatches);
    }

    [Fact]
    public async Task ClaimRunsAsync_StagedBefore_HasAllWindows()
    {
        var store = await OpenAsync();
        await store.CommitAsync([new StoreWrite.Stage(10, [Window(0, 3), Window(3, 2)])], None);
        await store.CommitAsync([new StoreWrite.Accept(Batch(10, total: 6) with { IsShared = true }, [Window(5, 1)])], None);

        Assert.Equal([10], (await PollAsync(store)).OpenBatches);
        Assert.Equal([0, 3, 5], (await ClaimAsync(store, 10, most: 9)).Select(run => run.FirstIndex).Order());
    }

    [Fact]
    public async Task ClaimBatchesAsync_OfALivingGateway_GetsNone()
    {
        var stores = await OpenAsync(2);
        await stores[0].CommitAsync([Accept(Batch(10)), Shared(100, runs: 2)], None);

        Assert.False((await PollAsync(stores[1])).HasBatches);
        Assert.Empty(await stores[1].Sharing!.ClaimBatchesAsync(Now, 10, None));
        Assert.Equal([10], (await stores[0].Sharing!.ListHeldAsync(None)).Batches);
    }

    [Fact]
    public async Task ClaimBatchesAsync_DelayedBatch_IsTakenOnceWhenItIsDueOrCancelled()
    {
        var stores = await OpenAsync(2);
        await stores[0].CommitAsync(
            [Accept(Batch(10) with { StartTime = Now.AddHours(1) }), Accept(Batch(20) with { StartTime = Now.AddHours(1) })], None);
        Assert.False((await PollAsync(stores[0])).HasBatches);
        Assert.Empty(await stores[0].Sharing!.ClaimBatchesAsync(Now, 10, None));

        await stores[1].CommitAsync([new StoreWrite.Cancel(10, Now)], None);
        Assert.True((await PollAsync(stores[0])).HasBatches);
        Assert.Equal(10, Assert.Single(await stores[0].Sharing!.ClaimBatchesAsync(Now, 10, None)).Key);

        Assert.Equal(20, Assert.Single(await stores[1].Sharing!.ClaimBatchesAsync(Now.AddHours(1), 10, None)).Key);
        Assert.Empty(await stores[0].Sharing!.ClaimBatchesAsync(Now.AddHours(2), 10, None));
    }

    [Fact]
    public async Task Claims_OfADeadGateway_MoveToTheOthers()
    {
        var dead = await OpenAsync(NeverRenews());
        var other = await OpenAsync();
        await dead.CommitAsync([Accept(Batch(10)), Shared(100, runs: 3)], None);
        Assert.Equal(2, (await ClaimAsync(dead, 100, most: 2)).Count);
        await dead.CommitAsync([new StoreWrite.MarkStarted(100, [1])], None);
        await dead.Sharing!.ReserveResultsAsync(100, 5, None);

        await Eventually.BeTrueAsync(async () => (await PollAsync(other)).HasBatches, "the lease runs out");

        Assert.Equal(10, Assert.Single(await other.Sharing!.ClaimBatchesAsync(Now, 10, None)).Key);
        Assert.Equal(
            [new RequestRun(100, 0, 2, WasHeld: true), new RequestRun(100, 2, 2, WasHeld: true), new RequestRun(100, 4, 2, WasHeld: false)],
            (await ClaimAsync(other, 100, most: 9)).OrderBy(run => run.FirstIndex));
        Assert.Equal([1], await other.ListStartedAsync(100, None));
        Assert.True((await PollAsync(other)) is not null && other.Sharing.HasDuties);
    }

    [Fact]
    public async Task Changes_OfADeadGateway_AreNone()
    {
        var dead = await OpenAsync(NeverRenews());
        var other = await OpenAsync();
        await dead.CommitAsync([Shared(100, runs: 3)], None);
        await ClaimAsync(dead, 100, most: 1);
        await Eventually.BeTrueAsync(
            async () => (await ClaimAsync(other, 100, most: 9)).Any(run => run.WasHeld), "the lease runs out");
        Assert.True(dead.Hold.IsCertain, "It must not know by itself in this test.");

        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await AppendAsync(dead, 100, first: 0, count: 2));
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await ClaimAsync(dead, 100, most: 1));
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await dead.Sharing!.ReserveResultsAsync(100, 1, None));
        await Assert.ThrowsAsync<StoreUnavailableException>(
            async () => await dead.Sharing!.ClaimBatchesAsync(Now.AddDays(1), 1, None));

        Assert.True(dead.Hold.IsLost);
        Assert.Equal(0, (await other.FindBatchAsync(100, None))!.Finished);
        Assert.Null(await other.ReadSegmentAsync(100, 1, None));
    }

    [Fact]
    public async Task DisposeAsync_GivesWhatItHoldsToTheOthersAtOnce()
    {
        var leaving = await CreateAsync(TimeProvider.System);
        var other = await OpenAsync();
        await leaving.CommitAsync([Accept(Batch(10)), Shared(100, runs: 1)], None);
        await ClaimAsync(leaving, 100, most: 1);
        await leaving.DisposeAsync();

        Assert.Equal(10, Assert.Single(await other.Sharing!.ClaimBatchesAsync(Now, 10, None)).Key);
        Assert.True(Assert.Single(await ClaimAsync(other, 100, most: 9)).WasHeld);
    }

    // Exactly as the engine says, or computed by the store.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AppendShared_ThreeSideBySide_CountersAddUpAndPositionsHaveNoGaps(bool isRelative)
    {
        const int Each = 40;
        var stores = await OpenAsync(3);
        await stores[0].CommitAsync([Shared(10, runs: 3 * Each)], None);

        await Task.WhenAll(stores.Select((store, i) => Task.Run(async () =>
        {
            for (var n = 0; n < Each; n++)
            {
                await AppendAsync(store, 10, first: ((i * Each) + n) * 2, count: 2, isRelative);
            }
        })));

        var batch = (await stores[0].FindBatchAsync(10, None))!;
        Assert.Equal((3 * Each * 2, 3 * Each * 2, 3 * Each), (batch.Finished, batch.Total, batch.Failed));
        Assert.Equal(3 * Each * 2 * 10, batch.ResponseSize);
        Assert.NotNull(batch.DoneTime);
        Assert.Null(batch.Credential);
        var positions = new List<int>();
        var indexes = new List<int>();
        await foreach (var segment in stores[1].ReadEntriesAsync(10, 1, None))
        {
            for (var position = segment.FirstPosition; position <= segment.LastPosition; position++)
            {
                positions.Add(position);
                indexes.Add(segment[position].Index);
            }
        }

        Assert.Equal(Enumerable.Range(1, 3 * Each * 2), positions);
        Assert.Equal(Enumerable.Range(0, 3 * Each * 2), indexes.Order());
        Assert.Equal(new OwnerUsage(0, 0, (await stores[2].ReadUsageAsync("alice", None)).Bytes), await stores[2].ReadUsageAsync("alice", None));
        Assert.Empty((await stores[0].Sharing!.ListHeldAsync(None)).Runs);
    }

    [Fact]
    public async Task CommitAsync_ManyGroupsOfTheSameBatchesAndOwners_NoneFails()
    {
        var stores = await OpenAsync(3);
        long[] keys = [.. Enumerable.Range(1, 12).Select(i => i * 1000L)];
        await stores[0].CommitAsync([.. keys.Select((key, i) => Shared(key, runs: 90, owner: $"owner{i % 4}"))], None);

        await Task.WhenAll(stores.Select((store, i) => Task.Run(async () =>
        {
            var random = new Random(i);
            for (var n = 0; n < 30; n++)
            {
                var some = keys.OrderBy(_ => random.Next()).Take(6).ToList();
                await store.CommitAsync(
                    [
                        .. some.Take(3).Select(key => AppendOf(key, ((i * 30) + n) * 2, 2, isRelative: n % 3 > 0)),
                        .. some.Skip(3).Select(key => new StoreWrite.MoveReceivedMark(key, n)),
                        Accept(Batch(100_000 + (i * 10_000) + (n * 10), owner: $"owner{random.Next(4)}")),
                    ],
                    None);
            }
        })));

        var finished = 0;
        foreach (var key in keys)
        {
            finished += (await stores[0].FindBatchAsync(key, None))!.Finished;
        }

        Assert.Equal(3 * 30 * 3 * 2, finished);
    }

    [Fact]
    public async Task AppendShared_BatchIsGone_IsIgnored()
    {
        var stores = await OpenAsync(2);
        await stores[0].CommitAsync([Shared(10, runs: 2)], None);
        await stores[1].CommitAsync([new StoreWrite.Delete(10)], None);
        var called = false;
        await stores[0].CommitAsync(
            [new StoreWrite.AppendShared(10, 1, record => { called = true; return Append(record, Segment(1, 1)); }), Accept(Batch(50))], None);
        Assert.False(called);
        Assert.NotNull(await stores[1].FindBatchAsync(50, None));
    }

    [Fact]
    public async Task CommitAsync_SameSubmissionKeyAtTwoGateways_OneIsRefused()
    {
        var stores = await OpenAsync(3);
        for (var round = 0; round < 10; round++)
        {
            var key = $"key{round}";
            var accepted = await Task.WhenAll(stores.Select((store, i) => Task.Run(async () =>
            {
                try
                {
                    await store.CommitAsync(
                        [Accept(Batch(1000 + (round * 100) + (i * 10)) with { SubmissionKey = new SubmissionKey(key, "hash") })], None);
                    return true;
                }
                catch (SubmissionKeyTakenException)
                {
                    return false;
                }
            })));
            Assert.Single(accepted, isAccepted => isAccepted);
        }
    }

    [Fact]
    public async Task PollAsync_EndsOfBatches_AreToldToAllOnceInOrder()
    {
        var stores = await OpenAsync(2);
        await stores[0].CommitAsync([Accept(Batch(10)), Accept(Batch(20))], None);
        foreach (var store in stores)
        {
            Assert.Empty((await PollAsync(store)).Ended);
        }

        await stores[0].CommitAsync([new StoreWrite.Cancel(10, Now)], None);
        await stores[1].CommitAsync([new StoreWrite.Expire(20)], None);
        await stores[0].CommitAsync([new StoreWrite.Delete(10)], None);

        foreach (var store in stores)
        {
            Assert.Equal(
                [(10, BatchChange.Cancelled), (20, BatchChange.Expired), (10, BatchChange.Deleted)], (await PollAsync(store)).Ended);
            Assert.Empty((await PollAsync(store)).Ended);
        }
    }

    [Fact]
    public async Task PollAsync_WatchedBatches_AreToldWhenTheyGrow()
    {
        var stores = await OpenAsync(2);
        await stores[0].CommitAsync([Shared(10, runs: 2), Shared(50, runs: 2)], None);
        Assert.Empty((await PollAsync(stores[1], (10, 0), (50, 0))).Grown);

        await AppendAsync(stores[0], 10, first: 0, count: 2);
        Assert.Equal([(10, 2)], (await PollAsync(stores[1], (10, 0), (50, 0))).Grown);
        Assert.Empty((await PollAsync(stores[1], (10, 2), (50, 0))).Grown);

        await stores[0].CommitAsync([new StoreWrite.Delete(50)], None);
        Assert.Equal([(50, -1)], (await PollAsync(stores[1], (10, 2), (50, 0))).Grown);
    }

    [Fact]
    public async Task PauseAsync_IsToldToAllUntilItIsOver()
    {
        var stores = await OpenAsync(2);
        Assert.Empty((await PollAsync(stores[1])).Pauses);
        await stores[0].Sharing!.PauseAsync("/", "alice", TimeSpan.FromMinutes(1));
        await stores[0].Sharing!.PauseAsync("/", "alice", TimeSpan.FromSeconds(1));
        await stores[0].Sharing!.PauseAsync("/b", null, TimeSpan.FromMilliseconds(1));

        await Eventually.BeTrueAsync(async () => (await PollAsync(stores[1])).Pauses.Count == 1, "the short one is over");
        var (upstream, owner, left) = Assert.Single((await PollAsync(stores[1])).Pauses);
        Assert.Equal(("/", "alice"), (upstream, owner));
        Assert.InRange(left, TimeSpan.FromSeconds(2), TimeSpan.FromMinutes(1));
        Assert.Equal((2, 1), ((await PollAsync(stores[1])).Gateways, (await PollAsync(stores[1])).Rank));
    }

    [Fact]
    public async Task HasDuties_OldestAlone()
    {
        var stores = await OpenAsync(3);
        foreach (var store in stores)
        {
            await PollAsync(store);
        }

        Assert.Equal([true, false, false], stores.Select(store => store.Sharing!.HasDuties));
    }

    [Fact]
    public async Task ReserveResultsAsync_TwoGateways_AreDisjointAndSettleInAnyOrder()
    {
        var stores = await OpenAsync(2);
        var (one, other) = (stores[0].Sharing!, stores[1].Sharing!);
        await stores[0].CommitAsync([Shared(10, runs: 10)], None);
        await AppendAsync(stores[0], 10, first: 0, count: 20);

        Assert.Equal(new SharedDelivery(1, 5, 0, false), await one.ReserveResultsAsync(10, 5, None));
        Assert.Equal(new SharedDelivery(6, 12, 0, true), await other.ReserveResultsAsync(10, 7, None));
        Assert.Equal(new SharedDelivery(13, 20, 0, true), await one.ReserveResultsAsync(10, 100, None));
        Assert.Equal(new SharedDelivery(0, 0, 0, true), await other.ReserveResultsAsync(10, 100, None));

        // The second arrives first, the third is shortened, and what it gives back is handed out again.
        await other.SettleResultsAsync(10, 6, 12, DeliveryOutcome.Received);
        Assert.Equal(0, (await stores[0].FindBatchAsync(10, None))!.Received);
        await one.SettleResultsAsync(10, 13, 15, DeliveryOutcome.OnTheWay);
        Assert.Equal(new SharedDelivery(16, 20, 0, true), await other.ReserveResultsAsync(10, 100, None));
        await other.SettleResultsAsync(10, 16, 20, DeliveryOutcome.Free);

        await one.SettleResultsAsync(10, 1, 5, DeliveryOutcome.Written);
        Assert.Equal(12, (await one.ReserveResultsAsync(10, 0, None)).Written);
        await one.SettleResultsAsync(10, 1, 5, DeliveryOutcome.Received);
        Assert.Equal(12, (await stores[1].FindBatchAsync(10, None))!.Received);

        // Only who has reserved something says what becomes of it.
        await other.SettleResultsAsync(10, 13, 15, DeliveryOutcome.Received);
        Assert.Equal(12, (await stores[1].FindBatchAsync(10, None))!.Received);
        await one.SettleResultsAsync(10, 13, 15, DeliveryOutcome.Received);
        Assert.Equal(15, (await stores[1].FindBatchAsync(10, None))!.Received);
        Assert.Equal(new SharedDelivery(16, 20, 15, false), await other.ReserveResultsAsync(10, 100, None));
    }

    [Fact]
    public async Task ReserveResultsAsync_OfADeadGateway_AreFree()
    {
        var dead = await OpenAsync(NeverRenews());
        var other = await OpenAsync();
        await other.CommitAsync([Shared(10, runs: 10)], None);
        await AppendAsync(other, 10, first: 0, count: 20);
        Assert.Equal(1, (await dead.Sharing!.ReserveResultsAsync(10, 5, None)).First);

        await Eventually.BeTrueAsync(
            async () =>
            {
                var found = await other.Sharing!.ReserveResultsAsync(10, 5, None);
                await other.Sharing.SettleResultsAsync(10, found.First, found.Last, DeliveryOutcome.Free);
                return found.First == 1;
            },
            "the lease runs out");
    }

    /// <summary>Makes a store, not yet opened, on what this test has stored before.</summary>
    protected abstract IBatchStore CreateStore(TimeProvider time);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var store in _stores)
        {
            await store.DisposeAsync();
        }
    }

    // Its clock stands still: it renews nothing, and believes that no time has passed.
    private static FakeTimeProvider NeverRenews() => new(TimeProvider.System.GetUtcNow());

    private static StoreWrite.Accept Shared(long key, int runs, string owner = "alice") => Accept(
        Batch(key, total: runs * 2, owner) with { IsShared = true, ExpireTime = Later, DeleteTime = Later.AddHours(1) },
        [.. Enumerable.Range(0, runs).Select(i => Window(i * 2, 2))]);

    private static ValueTask<IReadOnlyList<RequestRun>> ClaimAsync(IBatchStore store, long key, int most) =>
        store.Sharing!.ClaimRunsAsync(new Dictionary<long, int> { [key] = most }, None);

    private static ValueTask<SharedChanges> PollAsync(IBatchStore store, params (long Key, int Finished)[] watched) =>
        store.Sharing!.PollAsync(watched.ToDictionary(one => one.Key, one => one.Finished), Now, None);

    private static async ValueTask AppendAsync(IBatchStore store, long key, int first, int count, bool isRelative = true)
    {
        var append = AppendOf(key, first, count, isRelative);
        StoreWrite.AppendResults? made = null;
        await store.CommitAsync([append with { Appended = results => made = results }], None);
        if (isRelative)
        {
            // What is told is what is stored.
            Assert.NotNull(made);
            var segment = Assert.Single(made.Segments);
            Assert.Equal(segment.Entries, (await store.ReadSegmentAsync(key, segment.FirstPosition, None))!.Entries);
            Assert.Equal(segment.LastPosition, made.Batch.Finished);
        }
    }

    // Every second one is a failure.
    private static StoreWrite.AppendShared AppendOf(long key, int first, int count, bool isRelative = true) =>
        new(key, count * 10, record => Make(record, first, count))
        {
            Relative = isRelative ? Make(Batch(key, total: int.MaxValue / 2, capacity: int.MaxValue / 2), first, count) : null,
            Time = Start,
        };

    private static StoreWrite.AppendResults Make(BatchRecord record, int first, int count)
    {
        var builder = new ResultSegmentBuilder(record.Finished + 1);
        for (var i = 0; i < count; i++)
        {
            builder.Add(first + i, i % 2 == 0 ? 200 : 500, Failure.None, Start, 10, "h"u8.ToArray(), new byte[10]);
        }

        var isDone = record.Finished + count == record.Total;
        return new StoreWrite.AppendResults(
            record with
            {
                Finished = record.Finished + count,
                Failed = record.Failed + (count / 2),
                ResponseSize = record.ResponseSize + (count * 10),
                DoneTime = isDone ? Start : null,
                Credential = isDone ? null : record.Credential,
            },
            builder.Build(),
            []);
    }

    private async Task<List<IBatchStore>> OpenAsync(int count)
    {
        var stores = new List<IBatchStore>();
        for (var i = 0; i < count; i++)
        {
            stores.Add(await OpenAsync());
        }

        return stores;
    }

    private async Task<IBatchStore> OpenAsync(TimeProvider? time = null)
    {
        var store = await CreateAsync(time ?? TimeProvider.System);
        _stores.Add(store);
        return store;
    }

    private async Task<IBatchStore> CreateAsync(TimeProvider time)
    {
        var store = CreateStore(time);
        await store.OpenAsync(None);
        Assert.True(await store.TryAcquireAsync(None));
        return store;
    }
}
