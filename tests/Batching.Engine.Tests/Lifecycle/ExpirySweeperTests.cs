using Batching.Engine.Model;
using Batching.Engine.Tests.Infrastructure;
using Batching.V1;
using Microsoft.Data.Sqlite;
using Xunit.Abstractions;

namespace Batching.Engine.Tests.Lifecycle;

public sealed class ExpirySweeperTests(ITestOutputHelper output) : IDisposable
{
    private static readonly TimeSpan Round = TimeSpan.FromSeconds(10);

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Expire_Done_DeletesBodiesAndKeepsTheRestUntilTheBatchGoes()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var batch = await engine.SubmitAsync(EngineHost.Gets(10));
        var before = await engine.ResultsAsync(batch.Id);
        var key = (await engine.Store.ListBatchesAsync("alice", long.MaxValue, 1, default)).Single().Key;

        engine.Time.Advance(TimeSpan.FromMinutes(60));
        // For readers it is over at once.
        Assert.Equal(BatchState.Expired, (await engine.StatusAsync(batch.Id)).State);
        await UntilAsync(engine, async () => (await engine.Store.FindBatchAsync(key, default))!.Expired, "the expiry");

        Assert.Null((await engine.Store.ReadSegmentAsync(key, 1, default))!.Payload);
        var after = await engine.ResultsAsync(batch.Id);
        Assert.Equal(10, after.Count);
        foreach (var (old, now) in before.Zip(after))
        {
            Assert.True(now.Response.Expired);
            Assert.Empty(now.Response.Body);
            Assert.Empty(now.Response.Headers);
            Assert.Equal("", now.Response.ContentType);
            Assert.Equal(
                (old.Id, old.Path, old.Position, old.Response.StatusCode, old.Response.Size, old.DoneTime),
                (now.Id, now.Path, now.Position, now.Response.StatusCode, now.Response.Size, now.DoneTime));
        }

        var status = await engine.StatusAsync(batch.Id);
        Assert.Equal((10L, 0L, 0L), (status.TotalRequests, status.RunningRequests, status.FailedRequests));

        engine.Time.Advance(TimeSpan.FromHours(23));
        var gone = await engine.Batches.GetStatusAsync(
            EngineHost.Alice, new GetBatchStatusRequest { BatchId = batch.Id }, CancellationToken.None);
        Assert.IsType<Refusal.NotFound>(gone.Refusal);
        await UntilAsync(engine, async () => await engine.Store.FindBatchAsync(key, default) is null, "the deletion");
    }

    [Fact]
    public async Task Expire_Running_StopsTheWorkAndSaysWhy()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(
            context => context.Request.Path == "/items/0" ? TestApi.EchoAsync(context) : gate.PassAsync(context));
        await using var engine = await EngineHost.StartAsync(
            _directory,
            options =>
            {
                EngineHost.Upstream(upstream.Url, concurrency: 2)(options);
                options.Upstreams[0].Timeout = TimeSpan.FromHours(1);
                options.Retention.Responses = TimeSpan.FromSeconds(15);
            });
        var batch = await engine.SubmitAsync(EngineHost.Gets(50));
        await engine.UntilFinishedAsync(batch.Id, 1);
        await gate.UntilEnteredAsync(2);

        engine.Time.Advance(TimeSpan.FromSeconds(15));
        await UntilAsync(engine, async () => (await engine.StatusAsync(batch.Id)).RunningRequests == 0, "the end of the batch");

        var results = await engine.ResultsAsync(batch.Id);
        Assert.Equal(50, results.Count);
        Assert.Null(results[0].Response.Error);
        Assert.All(results.Skip(1), result =>
        {
            Assert.Equal(504, result.Response.StatusCode);
            Assert.Equal("EXPIRED", result.Response.Error.Details[0].Unpack<Google.Rpc.ErrorInfo>().Reason);
        });
        Assert.Equal(3, upstream.Requests.Count);
    }

    [Fact]
    public async Task Expire_TenHoursOfWork_FileStopsGrowing()
    {
        const int Batches = 4;
        const int Requests = 32;
        const int BodyBytes = 64 * 1024;
        var body = new byte[BodyBytes];
        await using var upstream = await TestApi.StartAsync(
            context => context.Response.Body.WriteAsync(body).AsTask());
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var sizes = new List<long>();
        for (var hour = 1; hour <= 10; hour++)
        {
            var ids = new List<string>();
            for (var i = 0; i < Batches; i++)
            {
                ids.Add((await engine.SubmitAsync(EngineHost.Gets(Requests))).Id);
                await engine.UntilDoneAsync(ids[^1]);
            }

            engine.Time.Advance(TimeSpan.FromHours(1));
            foreach (var id in ids)
            {
                await UntilAsync(
                    engine,
                    async () => (await engine.StatusAsync(id)).State == BatchState.Expired
                        && (await engine.Store.ListToExpireAsync(engine.Time.GetUtcNow(), 1, default)).Count == 0,
                    "the expiry");
            }

            sizes.Add(DatabaseBytes());
            output.WriteLine($"After hour {hour}: {sizes[^1] / 1024} KiB");
        }

        // What an hour brings, once for what has just expired and once for what takes its place.
        Assert.InRange(sizes[^1], 0, sizes[2] * 1.1);
        var files = new DirectoryInfo(_directory.FullName).EnumerateFiles("batch.db*").Sum(file => file.Length);
        Assert.InRange(files, 0, 6L * Batches * Requests * BodyBytes);
    }

    [Fact]
    public async Task Sweep_StoreFailsForAWhile_TriesAgain()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        engine.ErrorsAreExpected = true;
        var batch = await engine.SubmitAsync(EngineHost.Gets(3));
        await engine.UntilDoneAsync(batch.Id);
        engine.Store.WritesFail = true;
        engine.Time.Advance(TimeSpan.FromDays(2));
        await Eventually.BeTrueAsync(() => engine.Store.FailedWrites > 0, "a refused group");
        engine.Store.WritesFail = false;
        await UntilAsync(
            engine,
            async () => (await engine.Store.ListBatchesAsync("alice", long.MaxValue, 1, default)).Count == 0,
            "the deletion");
    }

    // With what is still in the log, and without the log itself, whose length depends on when it is copied. Of that the
    // bound for all files tells.
    private long DatabaseBytes()
    {
        using var connection = new SqliteConnection(
            $"Data Source={Path.Combine(_directory.FullName, "batch.db")};Mode=ReadOnly;Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
        return (long)command.ExecuteScalar()!;
    }

    private static Task UntilAsync(EngineHost engine, Func<Task<bool>> isSo, string what) => Eventually.BeTrueAsync(
        async () =>
        {
            engine.Time.Advance(Round);
            return await isSo();
        },
        what);
}
