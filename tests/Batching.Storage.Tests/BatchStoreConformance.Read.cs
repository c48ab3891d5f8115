using Batching.Engine.Model;
using Batching.Engine.Storage;
using static Batching.Storage.Tests.StoreData;

namespace Batching.Storage.Tests;

public abstract partial class BatchStoreConformance
{
    [Fact]
    public async Task Reads_UnknownBatch_FindNothing()
    {
        await CommitAsync(Accept(Batch(100)));
        await AssertGoneAsync(1);
        await AssertGoneAsync(long.MaxValue);
        await AssertGoneAsync(0);
        await AssertGoneAsync(-1);
    }

    [Fact]
    public async Task Reads_CancelledBefore_Throw()
    {
        var cancelled = new CancellationToken(canceled: true);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await Store.FindBatchAsync(1, cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await Store.ReadSegmentAsync(1, 1, cancelled));
    }

    [Fact]
    public async Task ReadPayloadAsync_Parts_AreThoseOfTheSegment()
    {
        var batch = Batch(1, total: 6);
        var (first, second) = (Segment(1, 2), Segment(3, 3, bodyBytes: 20_000));
        await CommitAsync(Accept(batch), Append(batch, first), Append(batch.After(first), second));
        var payload = second.Payload!;
        foreach (var position in (int[])[3, 4, 5])
        {
            foreach (var (offset, count) in ((int, int)[])[(0, 1), (0, payload.Length), (33_333, 20_000), (payload.Length, 0)])
            {
                var part = new byte[count];
                Assert.Equal(count, await Store.ReadPayloadAsync(1, position, offset, part, None));
                Assert.True(part.AsSpan().SequenceEqual(payload.AsSpan(offset, count)));
            }
        }

        // Where there is less, less is read.
        Assert.Equal(5, await Store.ReadPayloadAsync(1, 3, payload.Length - 5, new byte[10], None));
        Assert.Equal(0, await Store.ReadPayloadAsync(1, 3, payload.Length + 5, new byte[10], None));
    }

    [Fact]
    public async Task ReadPayloadAsync_NothingThere_IsNull()
    {
        var batch = Batch(1);
        var segment = Segment(1, 2);
        await CommitAsync(Accept(batch), Append(batch, segment));
        Assert.Null(await Store.ReadPayloadAsync(1, 3, 0, new byte[1], None));
        Assert.Null(await Store.ReadPayloadAsync(2, 1, 0, new byte[1], None));
        await CommitAsync(new StoreWrite.Expire(1));
        Assert.Null(await Store.ReadPayloadAsync(1, 1, 0, new byte[1], None));
        await CommitAsync(new StoreWrite.Delete(1));
        Assert.Null(await Store.ReadPayloadAsync(1, 1, 0, new byte[1], None));
    }

    [Fact]
    public async Task ListBatchesAsync_Paged_ReturnsTheOwnersHighestFirst()
    {
        for (var i = 0; i < 10; i++)
        {
            await CommitAsync(
                Accept(Batch(1 + (i * 100), owner: "alice")),
                Accept(Batch(50 + (i * 100), owner: "bob")));
        }

        Assert.Equal(
            [901, 801, 701, 601], KeysOf(await Store.ListBatchesAsync("alice", long.MaxValue, 4, None)));
        Assert.Equal([501, 401, 301, 201, 101, 1], KeysOf(await Store.ListBatchesAsync("alice", 601, 100, None)));
        Assert.Equal([50], KeysOf(await Store.ListBatchesAsync("bob", 51, 1, None)));
        Assert.Empty(await Store.ListBatchesAsync("bob", 50, 1, None));
        Assert.Empty(await Store.ListBatchesAsync("alice", long.MaxValue, 0, None));
    }

    [Theory]
    [InlineData("Alice")]
    [InlineData("alice ")]
    [InlineData("alic")]
    [InlineData("")]
    [InlineData("alice\0")]
    [InlineData("%")]
    public async Task ListBatchesAsync_OtherOwner_SeesNothing(string other)
    {
        await CommitAsync(Accept(Batch(1, owner: "alice")), Accept(Batch(100, owner: other)));
        Assert.Equal([100], KeysOf(await Store.ListBatchesAsync(other, long.MaxValue, 10, None)));
        Assert.Equal([1], KeysOf(await Store.ListBatchesAsync("alice", long.MaxValue, 10, None)));
        Assert.Equal(other, (await FindAsync(100)).Owner);
    }

    [Fact]
    public async Task ListUnfinishedAsync_Paged_ReturnsThoseWithWorkLowestFirst()
    {
        for (var i = 1; i <= 6; i++)
        {
            await CommitAsync(Accept(Batch(i * 100, total: 2)));
        }

        await CommitAsync(
            Append(Batch(200, total: 2), Segment(1, 2)),
            Append(Batch(300, total: 2), Segment(1, 1)),
            new StoreWrite.Cancel(400),
            new StoreWrite.Expire(500));
        Assert.Equal([100, 300], KeysOf(await Store.ListUnfinishedAsync(0, 2, None)));
        Assert.Equal([400, 500, 600], KeysOf(await Store.ListUnfinishedAsync(300, 10, None)));
        Assert.Empty(await Store.ListUnfinishedAsync(600, 10, None));
        await ReopenAsync();
        Assert.Equal([100, 300, 400, 500, 600], KeysOf(await Store.ListUnfinishedAsync(0, 10, None)));
    }

    [Fact]
    public async Task ListUnfinishedAsync_SpawnedAfterTheRest_ReturnsTheBatch()
    {
        var batch = Batch(1, total: 1);
        await CommitAsync(Accept(batch));
        var page = batch.After(Segment(1, 1)) with { Total = 2, DoneTime = null };
        await CommitAsync(new StoreWrite.AppendResults(page, [Segment(1, 1)], [Window(1, 1)]));
        Assert.Equal([1], KeysOf(await Store.ListUnfinishedAsync(0, 10, None)));
        await CommitAsync(Append(page, Segment(2, 1)));
        Assert.Empty(await Store.ListUnfinishedAsync(0, 10, None));
    }

    [Fact]
    public async Task ListToExpireAsync_SomeDue_ReturnsThemOldestFirst()
    {
        await CommitAsync(
            Accept(Batch(100) with { ExpireTime = Start.AddMinutes(3) }),
            Accept(Batch(200) with { ExpireTime = Start.AddMinutes(1) }),
            Accept(Batch(300) with { ExpireTime = Start.AddMinutes(2) }),
            Accept(Batch(400) with { ExpireTime = Start.AddMinutes(4) }),
            Accept(Batch(500) with { ExpireTime = Start.AddMinutes(1) }));
        Assert.Empty(await Store.ListToExpireAsync(Start.AddMinutes(1).AddMilliseconds(-1), 10, None));
        Assert.Equal([200, 500], KeysOf(await Store.ListToExpireAsync(Start.AddMinutes(1), 10, None)));
        Assert.Equal([200, 500, 300], KeysOf(await Store.ListToExpireAsync(Start.AddMinutes(3), 3, None)));
        await CommitAsync(new StoreWrite.Expire(500), new StoreWrite.Delete(300));
        Assert.Equal([200, 100], KeysOf(await Store.ListToExpireAsync(Start.AddMinutes(3), 10, None)));
    }

    [Fact]
    public async Task ListToDeleteAsync_SomeDue_ReturnsThemOldestFirst()
    {
        await CommitAsync(
            Accept(Batch(100) with { DeleteTime = Start.AddDays(3) }),
            Accept(Batch(200) with { DeleteTime = Start.AddDays(1) }),
            Accept(Batch(300) with { DeleteTime = Start.AddDays(2) }));
        Assert.Empty(await Store.ListToDeleteAsync(Start.AddDays(1).AddMilliseconds(-1), 10, None));
        Assert.Equal([200, 300], KeysOf(await Store.ListToDeleteAsync(Start.AddDays(2), 10, None)));
        Assert.Equal([200], KeysOf(await Store.ListToDeleteAsync(Start.AddDays(5), 1, None)));
        await CommitAsync(new StoreWrite.Expire(200), new StoreWrite.Delete(300));
        Assert.Equal([200, 100], KeysOf(await Store.ListToDeleteAsync(Start.AddDays(5), 10, None)));
    }

    [Fact]
    public async Task ReadWindowAsync_AnyIndex_ReturnsTheWindowThatHoldsIt()
    {
        RequestWindow[] windows = [Window(0, 256, 70_000), Window(256, 1, 200_000), Window(257, 43, 0)];
        await CommitAsync(Accept(Batch(1, total: 300), windows), Accept(Batch(100, total: 300), Window(0, 300)));
        foreach (var (index, expected) in ((int, int)[])[(0, 0), (255, 0), (256, 1), (257, 2), (299, 2)])
        {
            var window = await Store.ReadWindowAsync(1, index, None);
            Assert.NotNull(window);
            Assert.Equal(windows[expected].FirstIndex, window.FirstIndex);
            Assert.Equal(windows[expected].Count, window.Count);
            Assert.True(windows[expected].Data.AsSpan().SequenceEqual(window.Data));
        }

        Assert.Null(await Store.ReadWindowAsync(1, 300, None));
        Assert.Null(await Store.ReadWindowAsync(1, int.MaxValue, None));
        Assert.Null(await Store.ReadWindowAsync(1, -1, None));
        Assert.Null(await Store.ReadWindowAsync(99, 0, None));
    }

    [Fact]
    public async Task ReadWindowAsync_EncodedRequests_DecodesToTheSame()
    {
        var requests = Requests(1000);
        var windows = RequestWindow.Encode(requests, 0);
        await CommitAsync(Accept(Batch(1, total: 1000), [.. windows]));
        var read = new List<V1.Request>();
        while (await Store.ReadWindowAsync(1, read.Count, None) is { } window)
        {
            read.AddRange(Enumerable.Range(window.FirstIndex, window.Count).Select(index => window[index]));
        }

        Assert.Equal(requests, read);
    }

    [Fact]
    public async Task ReadSegmentAsync_AnyPosition_ReturnsTheSegmentThatHoldsIt()
    {
        var batch = Batch(1, total: 100);
        ResultSegment[] segments = [Segment(1, 3), Segment(4, 1), Segment(5, 50, bodyBytes: 1000)];
        await CommitAsync(Accept(batch), Accept(Batch(100, total: 100)), Append(batch, segments[..2]));
        await CommitAsync(
            Append(batch.After(segments[..2]), segments[2]), Append(Batch(100, total: 100), Segment(1, 100, 11)));
        foreach (var segment in segments)
        {
            for (var position = segment.FirstPosition; position <= segment.LastPosition; position++)
            {
                AssertSame(segment, await Store.ReadSegmentAsync(1, position, None));
            }
        }

        Assert.Null(await Store.ReadSegmentAsync(1, 55, None));
        Assert.Null(await Store.ReadSegmentAsync(1, int.MaxValue, None));
        Assert.Null(await Store.ReadSegmentAsync(1, 0, None));
        Assert.Null(await Store.ReadSegmentAsync(1, -1, None));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(64 * 1024)]
    [InlineData((10 * 1024 * 1024) + 1)]
    public async Task ReadSegmentAsync_PayloadOfAnySize_IsTheSameBytes(int bytes)
    {
        var batch = Batch(1, total: 1);
        var body = new byte[bytes];
        new Random(bytes).NextBytes(body);
        var builder = new ResultSegmentBuilder(1);
        builder.Add(0, 200, Failure.None, Start, bytes, default, body);
        var segment = Assert.Single(builder.Build());
        await CommitAsync(Accept(batch), Append(batch, segment));
        var read = await Store.ReadSegmentAsync(1, 1, None);
        AssertSame(segment, read);
        Assert.NotNull(read!.Payload);
        await ReopenAsync();
        AssertSame(segment, await Store.ReadSegmentAsync(1, 1, None));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(3, 1)]
    [InlineData(4, 4)]
    [InlineData(300, 298)]
    [InlineData(0, 1)]
    public async Task ReadEntriesAsync_FromAnyPosition_ReturnsSegmentsToTheLastWithoutPayload(
        int fromPosition, int expectedFirst)
    {
        var batch = Batch(1, total: 300);
        var segments = Enumerable.Range(0, 100).Select(i => Segment(1 + (i * 3), 3)).ToArray();
        await CommitAsync(Accept(batch), Append(batch, segments));
        var read = await EntriesAsync(1, fromPosition);
        var expected = segments.Where(segment => segment.FirstPosition >= expectedFirst).ToList();
        Assert.Equal(expected.Count, read.Count);
        foreach (var (one, other) in expected.Zip(read))
        {
            Assert.Equal(one.FirstPosition, other.FirstPosition);
            Assert.Equal(one.Entries, other.Entries);
            Assert.Null(other.Payload);
        }

        Assert.Empty(await EntriesAsync(1, 301));
    }

    [Fact]
    public async Task ReadEntriesAsync_AppendedMeanwhile_LeavesNoGap()
    {
        var batch = Batch(1, total: 400);
        await CommitAsync(Accept(batch));
        for (var position = 1; position <= 100; position++)
        {
            await CommitAsync(Append(batch, Segment(position, 1)));
            batch = batch.After(Segment(position, 1));
        }

        var next = 1;
        await foreach (var segment in Store.ReadEntriesAsync(1, 1, None))
        {
            Assert.Equal(next, segment.FirstPosition);
            next = segment.LastPosition + 1;
            if (batch.Finished < 300)
            {
                var more = Segment(batch.Finished + 1, 2);
                await CommitAsync(Append(batch, more));
                batch = batch.After(more);
            }
        }

        Assert.InRange(next, 101, 301);
    }

    [Fact]
    public async Task ListStartedAsync_StartedTwice_ReturnsEachOnce()
    {
        await CommitAsync(Accept(Batch(1, total: 10)), Accept(Batch(100)));
        Assert.Empty(await Store.ListStartedAsync(1, None));
        await CommitAsync(
            new StoreWrite.MarkStarted(1, [3, 9]), new StoreWrite.MarkStarted(100, [1]), new StoreWrite.MarkStarted(1, []));
        await CommitAsync(new StoreWrite.MarkStarted(1, [9, 0]));
        Assert.Equal([0, 3, 9], (await Store.ListStartedAsync(1, None)).Order());
        await ReopenAsync();
        Assert.Equal([0, 3, 9], (await Store.ListStartedAsync(1, None)).Order());
    }

    [Fact]
    public async Task ListStartedAsync_DoneOrExpired_IsEmpty()
    {
        var batch = Batch(1, total: 2);
        await CommitAsync(Accept(batch), Accept(Batch(100)));
        await CommitAsync(new StoreWrite.MarkStarted(1, [0, 1]), new StoreWrite.MarkStarted(100, [2]));
        await CommitAsync(Append(batch, Segment(1, 1)));
        Assert.Equal([0, 1], (await Store.ListStartedAsync(1, None)).Order());
        await CommitAsync(Append(batch.After(Segment(1, 1)), Segment(2, 1)), new StoreWrite.Expire(100));
        Assert.Empty(await Store.ListStartedAsync(1, None));
        Assert.Empty(await Store.ListStartedAsync(100, None));
        await CommitAsync(new StoreWrite.MarkStarted(1, [0]), new StoreWrite.MarkStarted(100, [2]));
        Assert.Empty(await Store.ListStartedAsync(1, None));
        Assert.Empty(await Store.ListStartedAsync(100, None));
    }

    [Fact]
    public async Task Reads_WhileCommitting_SeeWholeGroupsOnly()
    {
        // Both batches move in the same groups, so whoever reads them in the order 1, 2 never sees 2 behind 1.
        var one = Batch(1, total: 1000);
        var two = Batch(2000, total: 1000);
        await CommitAsync(Accept(one), Accept(two));
        using var stop = new CancellationTokenSource();
        var readers = Enumerable.Range(0, 4).Select(_ => Task.Run(ReadAsync)).ToArray();
        for (var position = 1; position <= 200; position++)
        {
            var segment = Segment(position, 1, bodyBytes: 2000);
            await CommitAsync(Append(one, segment), Append(two, segment));
            (one, two) = (one.After(segment), two.After(segment));
        }

        await stop.CancelAsync();
        Assert.All(await Task.WhenAll(readers), reads => Assert.True(reads > 0));

        async Task<int> ReadAsync()
        {
            var reads = 0;
            do
            {
                var first = await FindAsync(1);
                var second = await FindAsync(2000);
                Assert.True(second.Finished >= first.Finished);
                if (first.Finished > 0)
                {
                    AssertSame(
                        Segment(first.Finished, 1, bodyBytes: 2000),
                        await Store.ReadSegmentAsync(2000, first.Finished, None));
                }

                reads++;
                await Task.Yield();
            }
            while (!stop.IsCancellationRequested);
            return reads;
        }
    }

    [Fact]
    public async Task Members_Disposed_Throw()
    {
        await Store.DisposeAsync();
        await Store.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await Store.FindBatchAsync(1, None));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await CommitAsync(Accept(Batch(1))));
    }

    [Fact]
    public async Task DisposeAsync_CommitsWaiting_AreStored()
    {
        var commits = Enumerable.Range(1, 20).Select(i => CommitAsync(Accept(Batch(i * 100))).AsTask()).ToArray();
        await Store.DisposeAsync();
        await Task.WhenAll(commits);
        await ReopenAsync();
        Assert.Equal(20, (await Store.ListUnfinishedAsync(0, 100, None)).Count);
    }
}
