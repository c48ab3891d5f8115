using Batching.Engine.Delivery;
using Batching.Engine.Lifecycle;
using Batching.Engine.Model;
using Batching.Engine.Storage;
using Batching.Engine.Tests.Infrastructure;
using Batching.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Microsoft.AspNetCore.Http;

namespace Batching.Engine.Tests.Delivery;

public sealed class ResultStreamerTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Read_RunningBatch_DeliversBeforeTheEndAndEndsWithTheLastRecord()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(async context =>
        {
            if (context.Request.Path != "/items/0")
            {
                await gate.PassAsync(context);
            }

            await TestApi.EchoAsync(context);
        });
        await using var engine = await EngineHost.StartAsync(_directory, upstream, concurrency: 2);
        var batch = await engine.SubmitAsync(EngineHost.Gets(300));
        await using var stream = await OpenAsync(engine, batch.Id);

        var first = await stream.NextAsync();
        Assert.Equal((1L, "/items/0"), (first.Position, first.Request.Response.Body.ToStringUtf8()));
        Assert.False(stream.MoreAtHand);
        Assert.Equal(299, (await engine.StatusAsync(batch.Id)).RunningRequests);

        gate.Open();
        for (var position = 2; position <= 300; position++)
        {
            Assert.Equal(position, (await stream.NextAsync()).Position);
        }

        var end = await stream.NextAsync();
        Assert.Equal((300L, 0L), (end.Position, end.End.RunningRequests));
        Assert.Null(await stream.TryNextAsync());
        Assert.Equal(0, engine.Get<ChangeNotifier>().WatchedBatches);
    }

    [Fact]
    public async Task Read_DoneBatch_SendsTheLastResultWithTheEnd()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var batch = await engine.SubmitAsync(EngineHost.Gets(3));
        await engine.UntilDoneAsync(batch.Id);
        await using var stream = await OpenAsync(engine, batch.Id);
        for (var position = 1; position <= 3; position++)
        {
            Assert.Equal(position, (await stream.NextAsync()).Position);
        }

        Assert.True(stream.MoreAtHand);
        Assert.NotNull((await stream.NextAsync()).End);
        Assert.False(stream.MoreAtHand);
    }

    [Fact]
    public async Task Read_ResumedAfterACut_GoesOnBehindThePosition()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var batch = await engine.SubmitAsync(EngineHost.Gets(200));
        await using (var cut = await OpenAsync(engine, batch.Id))
        {
            for (var position = 1; position <= 50; position++)
            {
                Assert.Equal(position, (await cut.NextAsync()).Position);
            }
        }

        await using var resumed = await OpenAsync(engine, batch.Id, after: 50);
        for (var position = 51; position <= 200; position++)
        {
            Assert.Equal(position, (await resumed.NextAsync()).Position);
        }

        Assert.Equal(0, (await resumed.NextAsync()).End.RunningRequests);

        // What the resumption has named is received, what the streams have only written is not.
        Assert.Equal(51, (await engine.FetchAsync(batch.Id)).Batch.Requests[0].Position);
    }

    [Fact]
    public async Task Read_WithoutAfter_GoesOnBehindWhatWasReceived()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var batch = await engine.SubmitAsync(EngineHost.Gets(10));
        await engine.UntilDoneAsync(batch.Id);
        var answer = await engine.Streamer.OpenAsync(
            EngineHost.Alice, new FetchResultsRequest { BatchId = batch.Id }, CancellationToken.None);
        answer.Value!.DeliveryUpTo(7).Complete(received: true);
        await using var stream = await OpenAsync(engine, batch.Id);
        Assert.Equal(8, (await stream.NextAsync()).Position);
    }

    [Fact]
    public async Task Read_NothingIsThere_HoldsNoBodyMeanwhile()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(
            context => context.Request.Path == "/items/0" ? TestApi.EchoAsync(context) : gate.PassAsync(context));
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var batch = await engine.SubmitAsync(EngineHost.Gets(2));
        await engine.UntilFinishedAsync(batch.Id, 1);
        var answer = await engine.Streamer.OpenAsync(
            EngineHost.Alice, new FetchResultsRequest { BatchId = batch.Id }, CancellationToken.None);
        using var feed = answer.Value!;
        await using var records = feed.ReadAsync(default, default).GetAsyncEnumerator(CancellationToken.None);
        Assert.True(await records.MoveNextAsync());
        var message = records.Current.Message;
        Assert.Equal("/items/0", message.Request.Response.Body.ToStringUtf8());

        var next = records.MoveNextAsync().AsTask();
        await Eventually.BeTrueAsync(() => message.Request.Response.Body.IsEmpty, "a stream that waits");
        gate.Open();
        Assert.True(await next);
        Assert.Equal((2L, "/items/1"), (message.Position, message.Request.Path));
    }

    [Fact]
    public async Task Read_ResultsOfAllKinds_AreEachAsAPageHasThem()
    {
        // Two of each kind and in an order that changes, as the same message is used for all of them.
        await using var upstream = await TestApi.StartAsync(async context =>
        {
            switch (context.Request.Path.Value![..^1])
            {
                case "/cut/":
                    context.Abort();
                    break;
                case "/empty/":
                    context.Response.StatusCode = 204;
                    break;
                case "/encoded/":
                    context.Response.Headers.ContentEncoding = "br";
                    context.Response.Headers["X-One"] = "1";
                    await TestApi.EchoAsync(context);
                    break;
                case "/missing/":
                    context.Response.StatusCode = 404;
                    context.Response.ContentType = "text/plain";
                    await context.Response.WriteAsync("no");
                    break;
                default:
                    await TestApi.EchoAsync(context);
                    break;
            }
        });
        await using var engine = await EngineHost.StartAsync(_directory, upstream, concurrency: 1);
        string[] paths =
        [
            "/items/1", "/encoded/1", "/items/2", "/empty/1", "/missing/1", "/cut/1", "/items/3", "/encoded/2", "/encoded/3",
            "/cut/2", "/empty/2", "/missing/2",
        ];
        var batch = await engine.SubmitAsync(
        [
            .. paths.Select((path, i) => new Request
            {
                Path = path,
                Method = path.StartsWith("/cut/", StringComparison.Ordinal) ? "POST" : "",
                Params = i % 3 == 0 ? new Struct { Fields = { ["page"] = Value.ForNumber(i) } } : null,
                Headers = { ["X-Sent"] = $"{i}" },
                Body = ByteString.CopyFromUtf8($"{i}"),
            }),
        ]);
        await engine.UntilDoneAsync(batch.Id);

        await using var stream = await OpenAsync(engine, batch.Id, after: 0);
        var streamed = new List<Request>();
        while ((await stream.NextAsync()).Request is { } request)
        {
            streamed.Add(request);
        }

        var page = (await engine.FetchAsync(batch.Id, after: 0)).Batch.Requests;
        Assert.Equal(page, streamed);
        Assert.Equal([.. paths.Order()], streamed.Select(request => request.Path).Order());
        Assert.All(streamed, request => Assert.Empty(request.Headers));
        Assert.Equal(3, streamed.Count(request => request.Response.ContentEncoding == "br" && request.Response.Headers["x-one"] == "1"));
        Assert.Equal(2, streamed.Count(request => request.Response.Error is not null && request.Response.Headers.Count == 0));
        Assert.Equal(4, streamed.Count(request => request.Params is not null));
    }

    [Fact]
    public async Task Read_GatewayShutsDown_EndsWithWhatStillRuns()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(
            context => context.Request.Path == "/items/0" ? TestApi.EchoAsync(context) : gate.PassAsync(context));
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var batch = await engine.SubmitAsync(EngineHost.Gets(5));
        using var shutdown = new CancellationTokenSource();
        await using var stream = await OpenAsync(engine, batch.Id, shutdown: shutdown.Token);
        Assert.Equal(1, (await stream.NextAsync()).Position);
        var end = stream.NextAsync();
        Assert.False(end.IsCompleted);
        await shutdown.CancelAsync();
        Assert.Equal((1L, 4L), ((await end).Position, (await end).End.RunningRequests));
        Assert.Null(await stream.TryNextAsync());
    }

    [Fact]
    public async Task Read_BrokenOff_ThrowsAndLeavesNothingBehind()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(gate.PassAsync);
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var batch = await engine.SubmitAsync(EngineHost.Gets(1));
        using var cut = new CancellationTokenSource();
        await using (var stream = await OpenAsync(engine, batch.Id, cancellation: cut.Token))
        {
            var next = stream.NextAsync();
            await cut.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
        }

        Assert.Equal(0, engine.Get<ChangeNotifier>().WatchedBatches);
    }

    [Fact]
    public async Task Read_BatchIsDeleted_EndsWithoutTheLastRecord()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(
            context => context.Request.Path == "/items/0" ? TestApi.EchoAsync(context) : gate.PassAsync(context));
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var batch = await engine.SubmitAsync(EngineHost.Gets(5));
        await using var stream = await OpenAsync(engine, batch.Id);
        Assert.Equal(1, (await stream.NextAsync()).Position);
        var next = stream.TryNextAsync();
        await engine.Deleter.DeleteAsync(EngineHost.Alice, batch.Id, CancellationToken.None);
        Assert.Null(await next);
        await Eventually.BeTrueAsync(
            () => engine.Get<ChangeNotifier>().WatchedBatches == 0, "nobody watches, not those who ended its requests either");
    }

    [Fact]
    public async Task Read_BatchIsDeletedBetweenTheRecordAndItsResults_EndsWithoutTheLastRecord()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var batch = await engine.SubmitAsync(EngineHost.Gets(5));
        await engine.UntilDoneAsync(batch.Id);
        await using var stream = await OpenAsync(engine, batch.Id);
        engine.Store.BatchRead = async () =>
        {
            engine.Store.BatchRead = null;
            await engine.Deleter.DeleteAsync(EngineHost.Alice, batch.Id, CancellationToken.None);
        };
        Assert.Null(await stream.TryNextAsync());
    }

    [Fact]
    public async Task Read_NothingHappens_GivesSignsOfLife()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(
            context => context.Request.Path == "/items/0" ? TestApi.EchoAsync(context) : gate.PassAsync(context));
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var batch = await engine.SubmitAsync(EngineHost.Gets(3));
        await using var stream = await OpenAsync(engine, batch.Id);
        Assert.Equal(1, (await stream.NextAsync()).Position);
        for (var i = 0; i < 3; i++)
        {
            var next = stream.NextAsync();
            await Eventually.BeTrueAsync(() => engine.Time.Pending.Contains(TimeSpan.FromSeconds(15)), "a stream that waits");
            engine.Time.Advance(TimeSpan.FromSeconds(14));
            Assert.False(next.IsCompleted);
            engine.Time.Advance(TimeSpan.FromSeconds(1));
            var record = await next;
            Assert.Equal((1L, 2L, 0L), (record.Position, record.Progress.RunningRequests, record.Progress.FailedRequests));
            Assert.False(stream.MoreAtHand);
        }

        gate.Open();
        Assert.Equal(2, (await stream.NextAsync()).Position);
    }

    // A change without a record would else put it off for ever.
    [Fact]
    public async Task Read_ChangesThatBringNoRecord_DoNotDelayASignOfLife()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(gate.PassAsync);
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var batch = await engine.SubmitAsync(EngineHost.Gets(1));
        await using var stream = await OpenAsync(engine, batch.Id);
        var next = stream.NextAsync();
        await Eventually.BeTrueAsync(() => engine.Time.Pending.Contains(TimeSpan.FromSeconds(15)), "a stream that waits");
        engine.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.True(engine.Get<BatchIds>().TryParseBatch(batch.Id, out var key));
        engine.Get<ChangeNotifier>().Notify(key);
        await Eventually.BeTrueAsync(() => engine.Time.Pending.Contains(TimeSpan.FromSeconds(5)), "a stream that waits for the rest");
        engine.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.NotNull((await next).Progress);
        gate.Open();
    }

    [Fact]
    public async Task Read_SignsOfLifeAreTurnedOff_IsSilent()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(gate.PassAsync);
        await using var engine = await EngineHost.StartAsync(_directory, options =>
        {
            EngineHost.Upstream(upstream.Url)(options);
            options.StreamHeartbeat = TimeSpan.Zero;
        });
        var batch = await engine.SubmitAsync(EngineHost.Gets(1));
        await using var stream = await OpenAsync(engine, batch.Id);
        var next = stream.NextAsync();
        await Eventually.BeTrueAsync(() => engine.Get<ChangeNotifier>().WatchedBatches == 1, "a stream that waits");
        engine.Time.Advance(TimeSpan.FromMinutes(1));
        gate.Open();
        Assert.NotNull((await next).Request);
    }

    [Fact]
    public async Task Reserve_BatchDeletedBeforeItIsOpened_HasNoStream()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        using var reservation = engine.Streamer.Reserve(EngineHost.Alice, fields: null).Value!;
        var batch = await engine.SubmitAsync(EngineHost.Gets(1));
        await engine.UntilDoneAsync(batch.Id);

        using var before = await engine.Streamer.OpenAsync(reservation, batch.Id, long.MaxValue, CancellationToken.None);
        Assert.True((await engine.Get<BatchDeleter>().DeleteAsync(EngineHost.Alice, batch.Id, CancellationToken.None)).Succeeded);
        using var after = await engine.Streamer.OpenAsync(reservation, batch.Id, long.MaxValue, CancellationToken.None);

        Assert.NotNull(before);
        Assert.Null(after);
    }

    [Fact]
    public async Task Open_WhatCantBe_IsRefused()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var batch = await engine.SubmitAsync(EngineHost.Gets(1));
        await engine.UntilDoneAsync(batch.Id);
        var foreign = await engine.Streamer.OpenAsync(
            EngineHost.Bob, new FetchResultsRequest { BatchId = batch.Id }, CancellationToken.None);
        Assert.Equal(new Refusal.NotFound("batch", batch.Id), foreign.Refusal);
        var beyond = await engine.Streamer.OpenAsync(
            EngineHost.Alice, new FetchResultsRequest { BatchId = batch.Id, After = 2 }, CancellationToken.None);
        Assert.IsType<Refusal.Invalid>(beyond.Refusal);
    }

    private static async Task<Stream> OpenAsync(
        EngineHost engine,
        string id,
        long? after = null,
        CancellationToken shutdown = default,
        CancellationToken cancellation = default)
    {
        var request = new FetchResultsRequest { BatchId = id };
        if (after is { } position)
        {
            request.After = position;
        }

        var answer = await engine.Streamer.OpenAsync(EngineHost.Alice, request, CancellationToken.None);
        Assert.True(answer.Succeeded, answer.Refusal?.Message);
        return new Stream(answer.Value.ReadAsync(shutdown, cancellation).GetAsyncEnumerator(CancellationToken.None));
    }

    private sealed class Stream(IAsyncEnumerator<ResultRecord> records) : IAsyncDisposable
    {
        public bool MoreAtHand => records.Current.MoreAtHand;

        public async Task<FetchResultsResponse> NextAsync()
        {
            var next = await TryNextAsync();
            Assert.NotNull(next);
            return next;
        }

        public async Task<FetchResultsResponse?> TryNextAsync() =>
            await Eventually.WithDeadlineAsync(records.MoveNextAsync().AsTask(), "the next record of the stream")
                ? records.Current.Message.Clone()
                : null;

        public ValueTask DisposeAsync() => records.DisposeAsync();
    }
}
