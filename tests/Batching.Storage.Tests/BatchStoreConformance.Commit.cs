using Batching.Engine.Model;
using Batching.Engine.Storage;
using static Batching.Storage.Tests.StoreData;

namespace Batching.Storage.Tests;

public abstract partial class BatchStoreConformance
{
    [Fact]
    public async Task ReserveKeysAsync_CalledAgain_GoesOnBehindTheLast()
    {
        Assert.Equal(1, await Store.ReserveKeysAsync(10, None));
        Assert.Equal(11, await Store.ReserveKeysAsync(1, None));
        Assert.Equal(12, await Store.ReserveKeysAsync(10_001L * 1_000_000, None));
        await ReopenAsync();
        Assert.Equal(12 + (10_001L * 1_000_000), await Store.ReserveKeysAsync(1, None));
    }

    [Fact]
    public async Task ReserveKeysAsync_CountBelowOne_Throws() =>
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await Store.ReserveKeysAsync(0, None));

    [Fact]
    public async Task ReserveKeysAsync_ManyAtOnce_NobodySharesANumber()
    {
        var firsts = await Task.WhenAll(
            Enumerable.Range(0, 50).Select(_ => Task.Run(async () => await Store.ReserveKeysAsync(3, None))));
        Assert.Equal(Enumerable.Range(0, 50).Select(i => 1L + (3 * i)), firsts.Order());
    }

    [Fact]
    public async Task GetOrAddSecretAsync_Present_ReturnsTheFirstOne()
    {
        Assert.Equal([1, 2], await Store.GetOrAddSecretAsync("a", [1, 2], None));
        Assert.Equal([1, 2], await Store.GetOrAddSecretAsync("a", [3], None));
        Assert.Equal([4], await Store.GetOrAddSecretAsync("b", [4], None));
        await ReopenAsync();
        Assert.Equal([1, 2], await Store.GetOrAddSecretAsync("a", [5], None));
    }

    [Fact]
    public async Task CommitAsync_Accept_StoresEveryField()
    {
        var full = Batch(7, total: 3, owner: "Ålice ☃ 𝄞", capacity: 17) with
        {
            SpawnerPages = 13,
            Dependencies = 11,
            Finished = 3,
            Failed = 2,
            ResponseSize = 5_000_000_000,
            Received = 1,
            Cancelled = true,
            Expired = true,
            DoneTime = Start.AddDays(1),
            CreateTime = Start.AddMilliseconds(1),
            Credential = null,
            Runs = NumberRuns.None.With(1_000, 5).With(long.MaxValue - 9, 8),
        };
        var plain = Batch(100);
        await CommitAsync(Accept(full), Accept(plain));
        AssertSame(full, await Store.FindBatchAsync(7, None));
        AssertSame(plain, await Store.FindBatchAsync(100, None));
        await ReopenAsync();
        AssertSame(full, await Store.FindBatchAsync(7, None));
        AssertSame(plain, await Store.FindBatchAsync(100, None));
    }

    [Fact]
    public async Task FindBatchAsync_ByOwner_FindsOnlyHisOwn()
    {
        var batch = Batch(7, owner: "alice");
        await CommitAsync(Accept(batch), Accept(Batch(100, owner: "bob")));
        AssertSame(batch, await Store.FindBatchAsync("alice", 7, None));
        Assert.Null(await Store.FindBatchAsync("bob", 7, None));
        Assert.Null(await Store.FindBatchAsync("Alice", 7, None));
        Assert.Null(await Store.FindBatchAsync("alice", 8, None));
    }

    [Fact]
    public async Task CommitAsync_NoWrites_ChangesNothing()
    {
        var batch = Batch(7, total: 2);
        await CommitAsync(Accept(batch));
        await CommitAsync();
        AssertSame(batch, await Store.FindBatchAsync(7, None));

        // What follows is not part of it.
        var next = Batch(100);
        await CommitAsync(Accept(next));
        AssertSame(batch, await Store.FindBatchAsync(7, None));
        AssertSame(next, await Store.FindBatchAsync(100, None));
    }

    [Fact]
    public async Task CommitAsync_CancelledBefore_StoresNothing()
    {
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await Store.CommitAsync([Accept(Batch(1))], new CancellationToken(canceled: true)));
        Assert.Null(await Store.FindBatchAsync(1, None));
    }

    [Fact]
    public async Task CommitAsync_OneWriteFails_UndoesTheWholeGroup()
    {
        var present = Batch(1, total: 2);
        await CommitAsync(Accept(present));
        await Assert.ThrowsAnyAsync<Exception>(
            async () => await CommitAsync(
                Accept(Batch(100)),
                Append(present, Segment(1, 1)),
                new StoreWrite.Cancel(1),
                Accept(Batch(1, owner: "the key is taken"))));
        AssertSame(present, await Store.FindBatchAsync(1, None));
        Assert.Null(await Store.ReadSegmentAsync(1, 1, None));
        Assert.Null(await Store.FindBatchAsync(100, None));
        Assert.Null(await Store.ReadWindowAsync(100, 0, None));

        await CommitAsync(Append(present, Segment(1, 1)));
        Assert.Equal(1, (await FindAsync(1)).Finished);
    }

    [Fact]
    public async Task CommitAsync_SeveralWritesOfOneBatch_AppliesThemInOrder()
    {
        var batch = Batch(1, total: 3);
        var first = Segment(1, 2);
        var second = Segment(3, 1);
        await CommitAsync(
            Accept(batch),
            Append(batch, first),
            new StoreWrite.MoveReceivedMark(1, 2),
            new StoreWrite.Cancel(1),
            Append(batch.After(first), second),
            new StoreWrite.Expire(1));
        AssertSame(
            batch.After(first, second) with { Received = 2, Cancelled = true, Expired = true },
            await Store.FindBatchAsync(1, None));
    }

    [Fact]
    public async Task CommitAsync_Append_StoresCountersAndSegments()
    {
        var batch = Batch(1, total: 10);
        var segments = new[] { Segment(1, 3), Segment(4, 1, bodyBytes: 100_000), Segment(5, 2) };
        await CommitAsync(Accept(batch));
        var after = batch.After(segments) with { Failed = 4 };
        await CommitAsync(new StoreWrite.AppendResults(after, segments, []));
        AssertSame(after, await Store.FindBatchAsync(1, None));
        foreach (var segment in segments)
        {
            AssertSame(segment, await Store.ReadSegmentAsync(1, segment.FirstPosition, None));
        }
    }

    [Fact]
    public async Task CommitAsync_AppendWithSpawned_StoresTheirWindows()
    {
        var batch = Batch(1, total: 2);
        await CommitAsync(Accept(batch));
        var spawned = Window(2, 3);
        var segment = Segment(1, 1);
        await CommitAsync(
            new StoreWrite.AppendResults(
                batch.After(segment) with { Total = 5, Capacity = 10_002, Runs = NumberRuns.None.With(77_000, 2) },
                [segment],
                [spawned]));
        var after = await FindAsync(1);
        Assert.Equal((5, 10_002, 77_001), (after.Total, after.Capacity, after.Runs[1]));
        var window = await Store.ReadWindowAsync(1, 4, None);
        Assert.NotNull(window);
        Assert.Equal(spawned.Data, window.Data);
    }

    // What has spawned them goes on, and has no result yet.
    [Fact]
    public async Task CommitAsync_SpawnedWithoutAResult_StoresTheirWindows()
    {
        var batch = Batch(1, total: 2);
        await CommitAsync(Accept(batch));
        var before = await Store.ReadUsageAsync("alice", None);

        await CommitAsync(new StoreWrite.AppendResults(batch with { Total = 5, Capacity = 10_002 }, [], [Window(2, 3, bytes: 30)]));

        var after = await FindAsync(1);
        Assert.Equal((5, 0, 10_002), (after.Total, after.Finished, after.Capacity));
        Assert.Equal(3, (await Store.ReadWindowAsync(1, 4, None))!.Count);
        var usage = await Store.ReadUsageAsync("alice", None);
        Assert.Equal((before.Batches, before.Requests + 3, before.Bytes + 30), (usage.Batches, usage.Requests, usage.Bytes));
    }

    [Fact]
    public async Task CommitAsync_CancelOfADoneBatch_ChangesNothing()
    {
        var batch = Batch(1, total: 1);
        var only = Segment(1, 1);
        await CommitAsync(Accept(batch), Append(batch, only));

        await CommitAsync(new StoreWrite.Cancel(1));

        AssertSame(batch.After(only), await Store.FindBatchAsync(1, None));
    }

    [Fact]
    public async Task CommitAsync_AppendOfAnOlderView_KeepsReceivedCancelledAndExpired()
    {
        var batch = Batch(1, total: 3);
        var first = Segment(1, 2);
        await CommitAsync(Accept(batch), Append(batch, first));
        await CommitAsync(new StoreWrite.MoveReceivedMark(1, 1), new StoreWrite.Cancel(1), new StoreWrite.Expire(1));
        var last = batch.After(first, Segment(3, 1));
        Assert.False(last.Cancelled || last.Expired || last.Received > 0);
        await CommitAsync(new StoreWrite.AppendResults(last, [Segment(3, 1)], []));
        AssertSame(
            last with { Received = 1, Cancelled = true, Expired = true }, await Store.FindBatchAsync(1, None));
    }

    [Fact]
    public async Task CommitAsync_LastAppend_ErasesTheCredential()
    {
        var batch = Batch(1, total: 2);
        await CommitAsync(Accept(batch), Append(batch, Segment(1, 1)));
        Assert.Equal(batch.Credential, (await FindAsync(1)).Credential);
        await CommitAsync(Append(batch.After(Segment(1, 1)), Segment(2, 1)));
        var done = await FindAsync(1);
        Assert.Null(done.Credential);
        Assert.NotNull(done.DoneTime);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(3, 3)]
    [InlineData(4, 3)]
    [InlineData(int.MaxValue, 3)]
    public async Task CommitAsync_Receive_MovesNoFurtherThanTheLastResult(int position, int expected)
    {
        var batch = Batch(1, total: 5);
        await CommitAsync(Accept(batch), Append(batch, Segment(1, 3)));
        await CommitAsync(new StoreWrite.MoveReceivedMark(1, position));
        Assert.Equal(expected, (await FindAsync(1)).Received);
    }

    [Fact]
    public async Task CommitAsync_ReceiveBehindTheMark_ChangesNothing()
    {
        var batch = Batch(1, total: 5);
        await CommitAsync(Accept(batch), Append(batch, Segment(1, 4)), new StoreWrite.MoveReceivedMark(1, 3));
        await CommitAsync(new StoreWrite.MoveReceivedMark(1, 2));
        Assert.Equal(3, (await FindAsync(1)).Received);
        await CommitAsync(new StoreWrite.MoveReceivedMark(1, 4), new StoreWrite.MoveReceivedMark(1, 1), new StoreWrite.MoveReceivedMark(1, -1));
        Assert.Equal(4, (await FindAsync(1)).Received);
    }

    [Fact]
    public async Task CommitAsync_UnknownBatch_IgnoresEveryWrite()
    {
        await CommitAsync(
            new StoreWrite.AppendResults(Batch(1).After(Segment(1, 1)), [Segment(1, 1)], [Window(4, 1)]),
            new StoreWrite.MarkStarted(1, [0]),
            new StoreWrite.MoveReceivedMark(1, 1),
            new StoreWrite.Cancel(1),
            new StoreWrite.Expire(1),
            new StoreWrite.Delete(1),
            Accept(Batch(100)));
        await AssertGoneAsync(1);
        await FindAsync(100);
    }

    [Fact]
    public async Task CommitAsync_Deleted_IgnoresEveryLaterWrite()
    {
        var batch = Batch(1);
        await CommitAsync(
            Accept(batch), Append(batch, Segment(1, 2)), new StoreWrite.MarkStarted(1, [2]), Accept(Batch(100)));
        await CommitAsync(new StoreWrite.Delete(1));
        await AssertGoneAsync(1);
        await CommitAsync(
            Append(batch.After(Segment(1, 2)), Segment(3, 1)),
            new StoreWrite.MarkStarted(1, [3]),
            new StoreWrite.MoveReceivedMark(1, 1),
            new StoreWrite.Cancel(1),
            new StoreWrite.Expire(1),
            new StoreWrite.Delete(1));
        await AssertGoneAsync(1);
        await ReopenAsync();
        await AssertGoneAsync(1);
        await FindAsync(100);
        Assert.NotNull(await Store.ReadWindowAsync(100, 0, None));
    }

    [Fact]
    public async Task CommitAsync_Expire_DeletesPayloadsAndKeepsEntries()
    {
        var batch = Batch(1, total: 5);
        var other = Batch(100, total: 5);
        await CommitAsync(
            Accept(batch), Accept(other), Append(batch, Segment(1, 2), Segment(3, 1)), Append(other, Segment(1, 2)));
        await CommitAsync(new StoreWrite.Expire(1));
        Assert.True((await FindAsync(1)).Expired);
        foreach (var position in (int[])[1, 2, 3])
        {
            var segment = await Store.ReadSegmentAsync(1, position, None);
            Assert.NotNull(segment);
            Assert.Null(segment.Payload);
            Assert.Equal(position - 1, segment[position].Index);
        }

        Assert.NotNull(await Store.ReadWindowAsync(1, 0, None));
        AssertSame(Segment(1, 2), await Store.ReadSegmentAsync(100, 1, None));

        // Work that was still under way ends now; nobody would delete its payload any more.
        await CommitAsync(Append(batch.After(Segment(1, 2), Segment(3, 1)), Segment(4, 2)));
        var late = await Store.ReadSegmentAsync(1, 5, None);
        Assert.NotNull(late);
        Assert.Null(late.Payload);
        Assert.Equal(5, (await FindAsync(1)).Finished);
    }

    private async Task AssertGoneAsync(long key)
    {
        Assert.Null(await Store.FindBatchAsync(key, None));
        Assert.Null(await Store.ReadWindowAsync(key, 0, None));
        Assert.Null(await Store.ReadSegmentAsync(key, 1, None));
        Assert.Empty(await EntriesAsync(key, 1));
        Assert.Empty(await Store.ListStartedAsync(key, None));
        Assert.DoesNotContain(key, KeysOf(await Store.ListBatchesAsync("alice", long.MaxValue, 100, None)));
        Assert.DoesNotContain(key, KeysOf(await Store.ListUnfinishedAsync(0, 100, None)));
        Assert.DoesNotContain(key, KeysOf(await Store.ListToExpireAsync(Start.AddDays(365), 100, None)));
        Assert.DoesNotContain(key, KeysOf(await Store.ListToDeleteAsync(Start.AddDays(365), 100, None)));
    }
}
