using System.Buffers.Binary;
using System.Globalization;
using Batching.Engine.Model;
using Batching.Engine.Storage;
using Batching.Storage.Sqlite;
using Microsoft.Data.Sqlite;
using static Batching.Storage.Tests.StoreData;

namespace Batching.Storage.Tests;

/// <summary>Deletions in steps, and what becomes of the space.</summary>
public sealed class SqliteSpaceTests : IAsyncLifetime, IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private SqliteBatchStore _store = null!;

    public async Task InitializeAsync() => await OpenAsync();

    public async Task DisposeAsync() => await _store.DisposeAsync();

    // After DisposeAsync.
    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task CommitAsync_DeleteOfManyRows_SweepsThemAllBetweenCommits()
    {
        var batch = await AcceptLargeAsync(1);
        await AcceptLargeAsync(100_000);
        await CommitAsync(new StoreWrite.Delete(1));
        Assert.Null(await _store.FindBatchAsync(1, default));
        Assert.Null(await _store.ReadSegmentAsync(1, batch.Finished, default));
        Assert.Null(await _store.ReadWindowAsync(1, 0, default));

        // Commits go on meanwhile, and don't keep the sweep from its turn.
        await CommitAsync(new StoreWrite.Cancel(100_000));
        await SweptAsync();
        foreach (var table in (string[])["result_segments", "request_windows", "started_requests"])
        {
            Assert.Equal(0, Count($"{table} WHERE batch_key = 1"));
            Assert.NotEqual(0, Count($"{table} WHERE batch_key = 100000"));
        }

        Assert.Equal(Count("result_segments"), Count("result_payloads"));
        Assert.NotNull((await _store.ReadSegmentAsync(100_000, batch.Finished, default))!.Payload);
    }

    [Fact]
    public async Task CommitAsync_ExpireOfManyRows_SweepsPayloadsAndStarts()
    {
        var batch = await AcceptLargeAsync(1);
        await CommitAsync(new StoreWrite.Expire(1));
        Assert.Null((await _store.ReadSegmentAsync(1, batch.Finished, default))!.Payload);
        await SweptAsync();
        Assert.Equal(0, Count("result_payloads"));
        Assert.Equal(0, Count("started_requests"));
        Assert.Equal(batch.Finished, Count("result_segments"));
        Assert.NotNull(await _store.ReadWindowAsync(1, 0, default));
    }

    [Fact]
    public async Task CommitAsync_DeleteWhileExpiring_SweepsEverything()
    {
        await AcceptLargeAsync(1);
        await CommitAsync(new StoreWrite.Expire(1));
        await CommitAsync(new StoreWrite.Delete(1));
        await SweptAsync();
        await AssertEmptyAsync();
    }

    [Fact]
    public async Task CommitAsync_DeleteOfAStagedBatch_SweepsIt()
    {
        var key = await StageLargeAsync();
        await CommitAsync(new StoreWrite.Delete(key));
        await SweptAsync();
        await AssertEmptyAsync();
    }

    [Fact]
    public async Task OpenAsync_BatchStagedBefore_SweepsItAndNotWhatIsStagedSince()
    {
        var accepted = await StageLargeAsync();
        await CommitAsync(new StoreWrite.Accept(Batch(accepted, total: 1400), []));
        await StageLargeAsync();
        await _store.DisposeAsync();
        await OpenAsync();
        var key = await StageLargeAsync();
        await UntilAsync(() => Count("staged_batches") == 1 && Count("request_windows") == 1400, "what was left is swept");
        await CommitAsync(new StoreWrite.Accept(Batch(key, total: 1400), []));
        Assert.Equal(0, Count("staged_batches"));
        foreach (var batch in (long[])[accepted, key])
        {
            Assert.NotNull(await _store.ReadWindowAsync(batch, 0, default));
            Assert.NotNull(await _store.ReadWindowAsync(batch, 1399, default));
        }
    }

    [Fact]
    public async Task OpenAsync_ClosedWhileABatchStagedBeforeWasSwept_GoesOnWithIt()
    {
        await StageLargeAsync();
        await _store.DisposeAsync();
        await OpenAsync();
        await _store.DisposeAsync();
        await OpenAsync();
        await UntilAsync(() => Count("staged_batches") == 0 && Count("sweeps") == 0, "what was left is swept");
        await AssertEmptyAsync();
    }

    [Fact]
    public async Task CommitAsync_ManyDeletesInOneGroup_SweepsEverything()
    {
        var writes = new List<StoreWrite>();
        for (var key = 1; key <= 300; key++)
        {
            var batch = Batch(key, total: 3);
            writes.Add(Accept(batch));
            writes.Add(new StoreWrite.MarkStarted(key, [1]));
            writes.Add(Append(batch, Segment(1, 2)));
        }

        await _store.CommitAsync(writes, default);
        await _store.CommitAsync([.. Enumerable.Range(1, 300).Select(key => new StoreWrite.Delete(key))], default);
        await SweptAsync();
        await AssertEmptyAsync();
    }

    [Fact]
    public async Task CommitAsync_LastAppendOfABatchWithManyStarts_SweepsThem()
    {
        var batch = Batch(1, total: 1);
        await CommitAsync(Accept(batch));
        await CommitAsync([.. Enumerable.Repeat(new StoreWrite.MarkStarted(1, [0]), 1000)]);
        Assert.Equal(1000, Count("started_requests"));
        await CommitAsync(Append(batch, Segment(1, 1)));
        Assert.Empty(await _store.ListStartedAsync(1, default));
        await SweptAsync();
        Assert.Equal(0, Count("started_requests"));
        Assert.NotNull((await _store.ReadSegmentAsync(1, 1, default))!.Payload);
    }

    [Fact]
    public async Task OpenAsync_ClosedBeforeTheSweepWasDone_GoesOnWithIt()
    {
        await AcceptLargeAsync(1);
        var deleted = CommitAsync(new StoreWrite.Delete(1));
        await _store.DisposeAsync();
        await deleted;
        Assert.True(Count("result_segments") > 0, "The sweep was done before the store was closed.");
        await OpenAsync();
        await SweptAsync();
        await AssertEmptyAsync();
    }

    [Fact]
    public async Task Expire_HourByHour_FileStopsGrowing()
    {
        // Ten hours of 16 MiB, each hour's payloads deleted in the next hour, its batches a day's worth later: never.
        var sizes = new List<long>();
        for (var hour = 0; hour < 10; hour++)
        {
            for (var i = 0; i < 8; i++)
            {
                var batch = Batch(1 + (hour * 1000) + (i * 100), total: 32);
                await CommitAsync(Accept(batch));
                for (var position = 1; position <= 32; position++)
                {
                    var segment = Segment(position, 1, bodyBytes: 64 * 1024);
                    await CommitAsync(Append(batch, segment));
                    batch = batch.After(segment);
                }

                if (hour > 0)
                {
                    await CommitAsync(new StoreWrite.Expire(1 + ((hour - 1) * 1000) + (i * 100)));
                }
            }

            await SweptAsync();
            sizes.Add(Pages());
        }

        // The first hour fills 16 MiB, the second another 16 before all of the first is gone; then it stays.
        Assert.InRange(sizes[^1], 0, sizes[2] * 1.1);
        Assert.InRange(sizes[^1] * StoreConnection.PageSize, 0, 40 * 1024 * 1024);
    }

    [Fact]
    public async Task Delete_HourByHour_LeavesNothingBehind()
    {
        var pages = new List<long>();
        for (var hour = 0; hour < 20; hour++)
        {
            var batch = await AcceptLargeAsync(1 + (hour * 100_000));
            Assert.True(batch.Finished > 0);
            await CommitAsync(new StoreWrite.Delete(batch.Key));
            await SweptAsync();
            await AssertEmptyAsync();
            pages.Add(Pages());
        }

        Assert.InRange(pages[^1], 0, pages[0] * 1.1);
    }

    [Fact]
    public async Task Delete_OfMostOfALargeFile_GivesSpaceBack()
    {
        const int Megabyte = 1024 * 1024;
        var batch = Batch(1, total: 81);
        await CommitAsync(Accept(batch));
        for (var position = 1; position <= 80; position++)
        {
            await CommitAsync(Append(batch, Segment(position, 1, Megabyte)));
            batch = batch.After(Segment(position, 1, Megabyte));
        }

        var kept = Batch(100, total: 4);
        await CommitAsync(Accept(kept), Append(kept, Segment(1, 1, Megabyte)));
        Assert.True(Pages() * StoreConnection.PageSize > 80 * Megabyte);
        await CommitAsync(new StoreWrite.Delete(1));
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (Pages() * StoreConnection.PageSize > 40 * Megabyte)
        {
            Assert.False(deadline.IsCancellationRequested, "The file has not shrunk in 30 s.");
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }

        Assert.True((await _store.ReadSegmentAsync(100, 1, default))!.Payload.AsSpan()
            .SequenceEqual(Segment(1, 1, Megabyte).Payload));
        await _store.DisposeAsync();
        Assert.InRange(new FileInfo(_directory.File("batch.db")).Length, 0, 40 * Megabyte);
        await OpenAsync();
    }

    [Fact]
    public async Task CommitAsync_LogBeyondItsBound_StartsItAnewOnceNoReaderIsInIt()
    {
        // One commit larger than the bound. While a reader is in the log it has to stay, and commits go on.
        var log = new FileInfo(_directory.File("batch.db-wal"));
        var batch = Batch(1, total: 200);
        await CommitAsync(Accept(batch));
        using (var reader = Connect())
        {
            using var transaction = reader.BeginTransaction(deferred: true);
            using var command = reader.CreateCommand();
            command.CommandText = "SELECT count(*) FROM batches";
            command.Transaction = transaction;
            Assert.Equal(1L, command.ExecuteScalar());
            await CommitLargeAsync();
            await CommitAsync(new StoreWrite.MoveReceivedMark(1, 1));
            log.Refresh();
            Assert.True(log.Length > StoreConnection.LogBytes);
        }

        await CommitLargeAsync();
        await CommitUntilCutAsync(log);

        async Task CommitLargeAsync()
        {
            var segments = Enumerable.Range(batch.Finished + 1, 70).Select(i => Segment(i, 1, 1024 * 1024)).ToArray();
            await CommitAsync(Append(batch, segments));
            batch = batch.After(segments);
        }
    }

    // It does not have to grow once more before.
    [Fact]
    public async Task CommitAsync_ReaderHasLeftALogBeyondItsBound_IsCut()
    {
        var log = new FileInfo(_directory.File("batch.db-wal"));
        var batch = Batch(1, total: 100);
        await CommitAsync(Accept(batch));
        using (var reader = Connect())
        {
            using var transaction = reader.BeginTransaction(deferred: true);
            using var command = reader.CreateCommand();
            command.CommandText = "SELECT count(*) FROM batches";
            command.Transaction = transaction;
            Assert.Equal(1L, command.ExecuteScalar());
            await CommitAsync(Append(batch, [.. Enumerable.Range(1, 70).Select(i => Segment(i, 1, 1024 * 1024))]));
            await CommitAsync(new StoreWrite.MoveReceivedMark(1, 1));
            log.Refresh();
            Assert.True(log.Length > StoreConnection.LogBytes);
        }

        await CommitUntilCutAsync(log);
    }

    // A commit that finds it being copied leaves that to the next one.
    private async Task CommitUntilCutAsync(FileInfo log)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        do
        {
            Assert.False(deadline.IsCancellationRequested, $"The log still has {log.Length} bytes.");
            await CommitAsync(new StoreWrite.MoveReceivedMark(1, 2));
            log.Refresh();
        }
        while (log.Length > 1024 * 1024);
    }

    [Fact]
    public async Task CommitAsync_MuchIsLogged_LogIsCopiedAndBegunAnew()
    {
        var batch = Batch(1, total: 200);
        await CommitAsync(Accept(batch));
        var timesBefore = TimesBegunAnew();
        for (var i = 1; i <= 20; i++)
        {
            var segment = Segment(i, 1, 1024 * 1024);
            await CommitAsync(Append(batch, segment));
            batch = batch.After(segment);
        }

        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        for (var position = 1; TimesBegunAnew() == timesBefore; position++)
        {
            Assert.False(deadline.IsCancellationRequested, "The log was not begun anew in 30 s.");
            await CommitAsync(new StoreWrite.MoveReceivedMark(1, position % batch.Finished));
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }

        // The fourth number of its header; see "The WAL file format" in SQLite's documentation.
        uint TimesBegunAnew()
        {
            using var log = new FileStream(
                _directory.File("batch.db-wal"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            var header = new byte[16];
            log.ReadExactly(header);
            return BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(12));
        }
    }

    [Fact]
    public async Task CommitAsync_OneAfterTheOther_LogStaysBelowItsBound()
    {
        var log = new FileInfo(_directory.File("batch.db-wal"));
        var batch = Batch(1, total: 200);
        await CommitAsync(Accept(batch));
        for (var i = 1; i <= 160; i++)
        {
            var segment = Segment(i, 1, 1024 * 1024);
            await CommitAsync(Append(batch, segment));
            batch = batch.After(segment);
            log.Refresh();
            Assert.InRange(log.Length, 1, StoreConnection.LogBytes);
        }
    }

    private async Task OpenAsync()
    {
        _store = SqliteStores.Create(_directory.Path);
        await _store.OpenAsync(default);
    }

    private ValueTask CommitAsync(params StoreWrite[] writes) => _store.CommitAsync(writes, default);

    /// <summary>A batch with 700 segments, 700 windows and 700 starts, far more than a step deletes.</summary>
    private async Task<BatchRecord> AcceptLargeAsync(long key)
    {
        var batch = Batch(key, total: 1400);
        await CommitAsync(
            Accept(batch, [.. Enumerable.Range(0, 700).Select(i => Window(i * 2, 2))]));
        await CommitAsync([.. Enumerable.Range(0, 700).Select(i => new StoreWrite.MarkStarted(key, [i]))]);
        await CommitAsync(Append(batch, [.. Enumerable.Range(0, 700).Select(i => Segment(i + 1, 1, 5000))]));
        return (await _store.FindBatchAsync(key, default))!;
    }

    private async Task AssertEmptyAsync()
    {
        Assert.Empty(await _store.ListBatchesAsync("alice", long.MaxValue, 10, default));
        foreach (var table in (string[])
            [
                "batches", "staged_batches", "result_segments", "result_payloads", "request_windows", "started_requests",
                "sweeps",
            ])
        {
            Assert.Equal(0, Count(table));
        }
    }

    /// <summary>700 windows of a batch that is not accepted.</summary>
    private async Task<long> StageLargeAsync()
    {
        var key = await _store.ReserveKeysAsync(2000, default);
        foreach (var windows in Enumerable.Range(0, 700).Select(i => Window(i * 2, 2)).Chunk(100))
        {
            await CommitAsync(new StoreWrite.Stage(key, windows));
        }

        return key;
    }

    private Task SweptAsync() => UntilAsync(() => Count("sweeps") == 0, "the sweep has come to its end");

    private static async Task UntilAsync(Func<bool> isSo, string what)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!isSo())
        {
            Assert.False(deadline.IsCancellationRequested, $"Waited 30 s in vain until {what}.");
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }
    }

    private long Count(string from) => Number($"SELECT count(*) FROM {from}");

    private long Pages() => Number("PRAGMA page_count");

    private long Number(string sql)
    {
        using var connection = Connect();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return Convert.ToInt64(command.ExecuteScalar(), CultureInfo.InvariantCulture);
    }

    private SqliteConnection Connect()
    {
        var connection = new SqliteConnection(
            $"Data Source={_directory.File("batch.db")};Pooling=False;Mode=ReadOnly");
        connection.Open();
        return connection;
    }
}
