using System.Threading.Channels;
using Batching.Engine.Configuration;
using Batching.Engine.Model;
using Batching.Engine.Quotas;
using Batching.Engine.Storage;
using Batching.Engine.Submission;
using Batching.Engine.Tests.Infrastructure;
using Batching.V1;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;

namespace Batching.Engine.Tests.Submission;

public sealed class BatchUploaderTests : IDisposable
{
    // More than is staged at a time, so that a message of a few hundred leads to several writes.
    private static readonly ByteString Body = ByteString.CopyFrom(new byte[8000]);

    private readonly TemporaryDirectory _directory = new();
    private readonly List<StoreWrite> _writes = [];

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(600)]
    public async Task UploadAsync_ManyMessages_RunsAllAndTellsWhichIsWhich(int perMessage)
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await StartAsync(upstream);

        var batch = await UploadAsync(engine, EngineHost.Gets(600).Chunk(perMessage));

        Assert.Equal((600L, BatchState.Running), (batch.TotalRequests, batch.State));
        Assert.Empty(batch.Requests);
        var results = await engine.ResultsAsync(batch.Id);
        Assert.Equal(Enumerable.Range(0, 600), results.Select(result => result.Index).Order());
        Assert.All(results, result =>
        {
            Assert.Equal(($"/items/{result.Index}", batch.Id), (result.Path, result.SpawnedBy));
            Assert.Equal(result.Path, result.Response.Body.ToStringUtf8());
        });

        // One that fits into memory is stored by its acceptance alone.
        Assert.DoesNotContain(Writes, write => write is StoreWrite.Stage);
        Assert.Equal(3, Assert.Single(Writes.OfType<StoreWrite.Accept>()).Windows.Count);
    }

    [Fact]
    public async Task UploadAsync_ManyShortRequests_WaitsForATurn()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await StartAsync(upstream, limits => limits.LargeBodiesAtOnce = 1);
        var work = engine.Get<MemoryBudgets>().Work;
        var turn = await work.TakeAsync(EngineHost.Bob.Owner, WorkTurns.LargeBytes + 1, default);

        var few = await UploadAsync(engine, [EngineHost.Gets(10)]);
        var many = UploadAsync(engine, [EngineHost.Gets(1000)]);
        await Eventually.BeTrueAsync(() => work.Owners == 2, "the upload waits for a turn");

        Assert.Equal(10, few.TotalRequests);
        Assert.False(many.IsCompleted);
        turn!.Dispose();
        Assert.Equal(1000, (await many).TotalRequests);
    }

    [Fact]
    public async Task UploadAsync_Large_IsStagedAndNeitherSeenNorRunBeforeItsEnd()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await StartAsync(upstream);
        var messages = Channel.CreateUnbounded<IReadOnlyList<Request>>();
        var uploading = engine.Uploader.UploadAsync(EngineHost.Alice, messages.Reader.ReadAllAsync(), default, default);
        messages.Writer.TryWrite(Large(0, 200));
        messages.Writer.TryWrite(Large(200, 200));
        await Eventually.BeTrueAsync(() => Writes.OfType<StoreWrite.Stage>().Count() >= 2, "two writes of an upload");

        await AssertNothingIsSeenAsync(engine);
        Assert.Empty(upstream.Requests);

        messages.Writer.TryWrite(Large(400, 200));
        messages.Writer.Complete();
        var answer = await uploading;
        Assert.True(answer.Succeeded, answer.Refusal?.Message);
        var results = await engine.ResultsAsync(answer.Value.Id);
        Assert.Equal(Enumerable.Range(0, 600).Select(i => $"/large/{i}"), results.OrderBy(x => x.Index).Select(x => x.Path));
        Assert.All(upstream.Requests, call => Assert.Equal(Body.Length, call.Body.Length));
        Assert.Equal(600, upstream.Requests.Count);

        // In order, without gaps, each about as much as one is to be, and the rest with the acceptance.
        var staged = Writes.OfType<StoreWrite.Stage>().ToList();
        Assert.All(staged, stage => Assert.InRange(
            stage.Windows.Sum(window => window.Data.Length), Staging.BitBytes, Staging.BitBytes + (1 << 16)));
        var windows = staged.SelectMany(stage => stage.Windows).Concat(Writes.OfType<StoreWrite.Accept>().Single().Windows);
        var next = 0;
        foreach (var window in windows)
        {
            Assert.Equal(next, window.FirstIndex);
            next += window.Count;
        }

        Assert.Equal(600, next);
        Assert.Empty(Writes.OfType<StoreWrite.Delete>());
    }

    [Fact]
    public async Task UploadAsync_BadRequests_NamesThemByTheirPlaceInTheUploadAndKeepsNothing()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await StartAsync(upstream);
        var late = Large(300, 50);
        late[7].Path = "";
        late[9].Method = "BREW";

        var refusal = await RefusalAsync<Refusal.Invalid>(engine, [Large(0, 300), late, [new Request { Path = ".." }]]);

        Assert.Equal(
            ["requests[307].path", "requests[309].method", "requests[350].path"],
            refusal.Problems.Select(problem => problem.Field));
        await AssertNothingIsKeptAsync(engine);
        Assert.Empty(upstream.Requests);
    }

    [Fact]
    public async Task UploadAsync_MoreThan100Problems_StopsReading()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await StartAsync(upstream);
        var read = 0;

        var answer = await engine.Uploader.UploadAsync(EngineHost.Alice, EndlessAsync(), default, default);

        var refusal = Assert.IsType<Refusal.Invalid>(answer.Refusal);
        Assert.StartsWith("At least 120 fields are wrong", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(4, read);

        // It comes before the call has ended, and has to fit into the head of its reply.
        Assert.InRange(refusal.Problems.Sum(problem => problem.Bytes), Refusal.Invalid.MaxEarlyBytes / 2, Refusal.Invalid.MaxEarlyBytes);

        async IAsyncEnumerable<IReadOnlyList<Request>> EndlessAsync()
        {
            await Task.Yield();
            while (true)
            {
                read++;
                yield return [.. Enumerable.Range(0, 30).Select(_ => new Request { Path = ".." })];
            }
        }
    }

    [Fact]
    public async Task UploadAsync_Nothing_IsRefused()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await StartAsync(upstream);
        foreach (var messages in (Request[][][])[[], [[]], [[], []]])
        {
            var refusal = await RefusalAsync<Refusal.Invalid>(engine, messages);
            Assert.Equal("requests must hold at least one request.", refusal.Message);
        }
    }

    [Theory]
    [InlineData(300, false)]
    [InlineData(301, true)]
    public async Task UploadAsync_ManyRequests_AreRefusedBeyondTheLimit(int count, bool isRefused)
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await StartAsync(upstream, limits => limits.RequestsPerUpload = 300);
        await AssertLimitAsync(engine, Large(0, count).Chunk(100), isRefused, "requests are more than 300, the limit of an upload.");
    }

    [Theory]
    [InlineData(2_500_000, false)]
    [InlineData(2_400_000, true)]
    public async Task UploadAsync_ManyBytes_AreRefusedBeyondTheLimit(long limit, bool isRefused)
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await StartAsync(upstream, limits => limits.UploadBytes = limit);
        await AssertLimitAsync(
            engine, Large(0, 310).Chunk(100), isRefused, $"requests have more than {limit} bytes, the limit of an upload.");
    }

    [Fact]
    public async Task UploadAsync_Pause_IsCutAfterItsTime()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await StartAsync(upstream, limits => limits.UploadIdleTime = TimeSpan.FromSeconds(100));
        var messages = Channel.CreateUnbounded<IReadOnlyList<Request>>();
        var uploading = Upload(engine, messages);
        for (var i = 0; i < 3; i++)
        {
            // Each message has its own time.
            await WaitingAsync(engine);
            engine.Time.Advance(TimeSpan.FromSeconds(99));
            messages.Writer.TryWrite(Large(i * 200, 200));
            await Eventually.BeTrueAsync(() => messages.Reader.Count == 0, "the message is read");
        }

        await WaitingAsync(engine);
        Assert.False(uploading.IsCompleted);
        engine.Time.Advance(TimeSpan.FromSeconds(101));
        await LastMomentAsync(engine);
        engine.Time.Advance(TimeSpan.FromSeconds(1));

        var answer = await Eventually.WithDeadlineAsync(uploading, "the end of an upload");
        Assert.Equal(
            "No message of the upload came within 00:01:40. Nothing of it was kept.",
            Assert.IsType<Refusal.TooSlow>(answer.Refusal).Message);
        await AssertNothingIsKeptAsync(engine);
    }

    // After a pause of the process the clock is there first, and then what has long arrived.
    [Fact]
    public async Task UploadAsync_MessageIsThereWhenTheTimeIsOver_IsRead()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await StartAsync(upstream, limits => limits.UploadIdleTime = TimeSpan.FromSeconds(100));
        var messages = Channel.CreateUnbounded<IReadOnlyList<Request>>();
        var uploading = Upload(engine, messages);
        await WaitingAsync(engine);
        engine.Time.Advance(TimeSpan.FromSeconds(300));
        await LastMomentAsync(engine);
        messages.Writer.TryWrite([new Request { Path = "/x" }]);
        await WaitingAsync(engine);
        messages.Writer.Complete();

        var answer = await Eventually.WithDeadlineAsync(uploading, "the end of an upload");
        Assert.Equal(1, answer.Value?.TotalRequests);
    }

    [Fact]
    public async Task UploadAsync_MessagesForLongerThanAnUploadMayTake_IsCut()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await StartAsync(upstream, limits =>
        {
            limits.UploadIdleTime = TimeSpan.FromSeconds(100);
            limits.UploadTime = TimeSpan.FromSeconds(300);
        });
        var messages = Channel.CreateUnbounded<IReadOnlyList<Request>>();
        var uploading = Upload(engine, messages);
        for (var i = 0; i < 3; i++)
        {
            await WaitingAsync(engine);
            engine.Time.Advance(TimeSpan.FromSeconds(95));
            messages.Writer.TryWrite([new Request { Path = "/x" }]);
            await Eventually.BeTrueAsync(() => messages.Reader.Count == 0, "the message is read");
        }

        await WaitingAsync(engine);
        engine.Time.Advance(TimeSpan.FromSeconds(16));
        await LastMomentAsync(engine);
        engine.Time.Advance(TimeSpan.FromSeconds(1));

        var answer = await Eventually.WithDeadlineAsync(uploading, "the end of an upload");
        Assert.Equal(
            "The upload was not complete within 00:05:00. Nothing of it was kept.",
            Assert.IsType<Refusal.TooSlow>(answer.Refusal).Message);
    }

    [Fact]
    public async Task UploadAsync_CallerGone_KeepsNothing()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await StartAsync(upstream);
        using var gone = new CancellationTokenSource();
        var messages = Channel.CreateUnbounded<IReadOnlyList<Request>>();
        var uploading = Upload(engine, messages, cancellationToken: gone.Token);
        messages.Writer.TryWrite(Large(0, 300));
        await Eventually.BeTrueAsync(() => Writes.OfType<StoreWrite.Stage>().Any(), "the first write of an upload");

        await gone.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Eventually.WithDeadlineAsync(uploading, "the end of an upload"));
        await AssertNothingIsKeptAsync(engine);
    }

    [Fact]
    public async Task UploadAsync_CallerGoneAtTheVeryEnd_KeepsNothing()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await StartAsync(upstream);
        using var gone = new CancellationTokenSource();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await engine.Uploader.UploadAsync(EngineHost.Alice, GoneAtTheEndAsync(), default, gone.Token));
        await AssertNothingIsKeptAsync(engine);

        async IAsyncEnumerable<IReadOnlyList<Request>> GoneAtTheEndAsync()
        {
            yield return Large(0, 300);
            await gone.CancelAsync();
        }
    }

    [Fact]
    public async Task UploadAsync_ConnectionBroken_KeepsNothing()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await StartAsync(upstream);

        await Assert.ThrowsAsync<IOException>(
            async () => await engine.Uploader.UploadAsync(EngineHost.Alice, BrokenAsync(), default, default));
        await AssertNothingIsKeptAsync(engine);

        static async IAsyncEnumerable<IReadOnlyList<Request>> BrokenAsync()
        {
            yield return Large(0, 300);
            await Task.Yield();
            throw new IOException("broken");
        }
    }

    [Fact]
    public async Task UploadAsync_GatewayStops_IsRefusedForNow()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await StartAsync(upstream);
        using var stopping = new CancellationTokenSource();
        var messages = Channel.CreateUnbounded<IReadOnlyList<Request>>();
        var uploading = Upload(engine, messages, stopping.Token);
        messages.Writer.TryWrite(Large(0, 300));
        await Eventually.BeTrueAsync(() => Writes.OfType<StoreWrite.Stage>().Any(), "the first write of an upload");

        await stopping.CancelAsync();

        Assert.IsType<Refusal.Unavailable>((await Eventually.WithDeadlineAsync(uploading, "the end of an upload")).Refusal);
        await AssertNothingIsKeptAsync(engine);
    }

    [Fact]
    public async Task UploadAsync_StoreFails_DeletesWhatItHasAsSoonAsItCan()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await StartAsync(upstream);
        engine.ErrorsAreExpected = true;
        var messages = Channel.CreateUnbounded<IReadOnlyList<Request>>();
        var uploading = Upload(engine, messages);
        messages.Writer.TryWrite(Large(0, 200));
        await Eventually.BeTrueAsync(() => Writes.OfType<StoreWrite.Stage>().Any(), "the first write of an upload");

        engine.Store.WritesFail = true;
        messages.Writer.TryWrite(Large(200, 400));
        await Assert.ThrowsAsync<StoreUnavailableException>(
            () => engine.Time.DriveAsync(uploading, below: TimeSpan.FromSeconds(2)));
        Assert.True(engine.Store.FailedWrites >= 2, "Neither the upload nor the deletion has failed.");

        engine.Store.WritesFail = false;
        var deleted = Eventually.BeTrueAsync(() => Writes[^1] is StoreWrite.Delete, "the deletion of an upload");
        await engine.Time.DriveAsync(ToResultAsync(deleted), below: TimeSpan.FromSeconds(2));
        await AssertNothingIsKeptAsync(engine);

        static async Task<bool> ToResultAsync(Task task)
        {
            await task;
            return true;
        }
    }

    [Fact]
    public async Task UploadAsync_BadCredential_IsRefusedUnread()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await StartAsync(upstream);
        var answer = await engine.Uploader.UploadAsync(
            new Caller("alice", "Bearer a\nb"), Messages([Large(0, 300)]), default, default);
        Assert.Equal("authorization", Assert.Single(Assert.IsType<Refusal.Invalid>(answer.Refusal).Problems).Field);
        Assert.Empty(Writes);
    }

    [Fact]
    public async Task UploadAsync_SlowStore_HoldsTheClientBack()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await StartAsync(upstream);
        var open = new TaskCompletionSource();
        engine.Store.Committing = async writes =>
        {
            if (writes.Any(write => write is StoreWrite.Stage))
            {
                await open.Task;
            }
        };
        var read = 0;
        var uploading = engine.Uploader.UploadAsync(EngineHost.Alice, ManyAsync(), default, default).AsTask();

        // One write under way, one gathered behind it, and no more.
        await Eventually.BeTrueAsync(() => read >= 6, "as many messages as may be in memory");
        await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        Assert.InRange(read, 6, 12);

        open.SetResult();
        Assert.Equal(1000, (await Eventually.WithDeadlineAsync(uploading, "the end of an upload")).Value!.TotalRequests);

        async IAsyncEnumerable<IReadOnlyList<Request>> ManyAsync()
        {
            for (; read < 100; read++)
            {
                yield return Large(read * 10, 10);
                await Task.Yield();
            }
        }
    }

    [Fact]
    public async Task UploadAsync_Spawners_ShareWhatABatchMaySpawn()
    {
        await using var upstream = await TestApi.StartAsync(
            context => context.Response.WriteAsync("""{"cursor": "c%1"}""".Replace("%1", $"{Guid.NewGuid()}", StringComparison.Ordinal)));
        await using var engine = await StartAsync(upstream, limits => limits.SpawnedRequestsPerBatch = 9);
        var spawners = Enumerable.Range(0, 3).Select(i => new Request { Path = $"/pages/{i}", Spawner = true });

        var batch = await UploadAsync(engine, [Large(0, 300), .. spawners.Chunk(1)]);

        // Three pages each, and one request more that says that there were too many.
        var done = await engine.UntilDoneAsync(batch.Id);
        Assert.Equal(303 + (3 * 4), done.TotalRequests);
        Assert.Equal(3, done.FailedRequests);
        var record = await engine.Store.FindBatchAsync(Writes.OfType<StoreWrite.Accept>().Single().BatchKey, default);
        Assert.Equal(3, record!.SpawnerPages);

        Assert.InRange(record.Capacity, 303 + 12, 303 + 24);
    }

    private IReadOnlyList<StoreWrite> Writes
    {
        get
        {
            lock (_writes)
            {
                return [.. _writes];
            }
        }
    }

    private Task<EngineHost> StartAsync(TestApi upstream, Action<LimitOptions>? limit = null) => EngineHost.StartAsync(
        _directory,
        options =>
        {
            EngineHost.Upstream(upstream.Url)(options);
            limit?.Invoke(options.Limits);
        },
        prepare: engine => engine.Store.Committed = writes =>
        {
            lock (_writes)
            {
                _writes.AddRange(writes);
            }
        });

    private static Request[] Large(int first, int count) =>
        [.. Enumerable.Range(first, count).Select(i => new Request { Path = $"/large/{i}", Method = "PUT", Body = Body })];

    private static async IAsyncEnumerable<IReadOnlyList<Request>> Messages(IEnumerable<Request[]> messages)
    {
        foreach (var message in messages)
        {
            await Task.Yield();
            yield return message;
        }
    }

    private static Task<Outcome<Batch>> Upload(
        EngineHost engine,
        Channel<IReadOnlyList<Request>> messages,
        CancellationToken shutdown = default,
        CancellationToken cancellationToken = default) =>
        engine.Uploader.UploadAsync(EngineHost.Alice, messages.Reader.ReadAllAsync(), shutdown, cancellationToken).AsTask();

    private static async Task<Batch> UploadAsync(EngineHost engine, IEnumerable<Request[]> messages)
    {
        var answer = await engine.Uploader.UploadAsync(EngineHost.Alice, Messages(messages), default, default);
        Assert.True(answer.Succeeded, answer.Refusal?.Message);
        return answer.Value;
    }

    private static async Task<T> RefusalAsync<T>(EngineHost engine, IEnumerable<Request[]> messages)
        where T : Refusal =>
        Assert.IsType<T>((await engine.Uploader.UploadAsync(EngineHost.Alice, Messages(messages), default, default)).Refusal);

    private async Task AssertLimitAsync(
        EngineHost engine, IEnumerable<Request[]> messages, bool isRefused, string message)
    {
        if (!isRefused)
        {
            await UploadAsync(engine, messages);
            return;
        }

        Assert.Equal(message, (await RefusalAsync<Refusal.Invalid>(engine, messages)).Message);
        await AssertNothingIsKeptAsync(engine);
    }

    // It has set its clock. The engine's own timers are all shorter, and so is what is left of the one before.
    private static Task WaitingAsync(EngineHost engine) => Eventually.BeTrueAsync(
        () => engine.Time.Pending.Any(due => due > TimeSpan.FromSeconds(10)), "an upload that waits for a message");

    private static Task LastMomentAsync(EngineHost engine) => Eventually.BeTrueAsync(
        () => engine.Time.Pending.Contains(TimeSpan.FromSeconds(1)), "an upload whose time is over");

    private static async Task AssertNothingIsSeenAsync(EngineHost engine)
    {
        var list = await engine.Batches.ListAsync(EngineHost.Alice, new ListBatchesRequest(), CancellationToken.None);
        Assert.Empty(list.Value!.Batches);
        Assert.Empty(await engine.Store.ListUnfinishedAsync(0, 10, CancellationToken.None));
    }

    private async Task AssertNothingIsKeptAsync(EngineHost engine)
    {
        await AssertNothingIsSeenAsync(engine);
        var staged = Writes.OfType<StoreWrite.Stage>().Select(stage => stage.BatchKey).Distinct();
        Assert.Equal(Assert.Single(staged), Assert.IsType<StoreWrite.Delete>(Writes[^1]).BatchKey);
    }
}
