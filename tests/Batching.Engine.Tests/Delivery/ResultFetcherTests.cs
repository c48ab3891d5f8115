using System.Collections.Concurrent;
using Batching.Engine.Delivery;
using Batching.Engine.Model;
using Batching.Engine.Storage;
using Batching.Engine.Tests.Infrastructure;
using Batching.V1;
using Google.Protobuf.WellKnownTypes;

namespace Batching.Engine.Tests.Delivery;

public sealed class ResultFetcherTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Fetch_WhileTheBatchRuns_SeesEveryRequestOnceInOrder()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var batch = await engine.SubmitAsync(EngineHost.Gets(2000));
        var seen = new List<Request>();
        await Eventually.BeTrueAsync(
            async () =>
            {
                var page = await engine.FetchAsync(batch.Id);
                seen.AddRange(page.Batch.Requests);
                return page.Batch.RunningRequests == 0 && page.Batch.Requests.Count == 0;
            },
            "the end of the parallel flow");
        Assert.Equal(Enumerable.Range(1, 2000).Select(i => (long)i), seen.Select(request => request.Position));
        Assert.Equal(2000, seen.Select(request => request.Id).Distinct().Count());
    }

    [Fact]
    public async Task Fetch_SideBySide_GetsDisjointPagesThatAreComplete()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(
            _directory,
            options =>
            {
                EngineHost.Upstream(upstream.Url)(options);
                options.Limits.PageResults = 7;
            });
        var batch = await engine.SubmitAsync(EngineHost.Gets(1000));
        var readers = await Task.WhenAll(Enumerable.Range(0, 4).Select(reader => Task.Run(async () =>
        {
            var seen = new List<long>();
            var random = new Random(reader);
            await Eventually.BeTrueAsync(
                async () =>
                {
                    var page = await engine.PageAsync(batch.Id);
                    var received = random.Next(4) > 0;
                    if (received)
                    {
                        seen.AddRange(page.Response.Batch.Requests.Select(request => request.Position));
                    }

                    page.Delivery.Complete(received);
                    return page.Response.Batch.RunningRequests == 0 && page.Response.Batch.Requests.Count == 0;
                },
                "the end of the parallel flow");
            return seen;
        })));
        var all = readers.SelectMany(seen => seen).ToList();

        // The last one may have been given back when nobody asked any more.
        all.AddRange((await engine.FetchAsync(batch.Id)).Batch.Requests.Select(request => request.Position));
        while (all.Count < 1000 && (await engine.FetchAsync(batch.Id)).Batch.Requests is { Count: > 0 } rest)
        {
            all.AddRange(rest.Select(request => request.Position));
        }

        Assert.Equal(Enumerable.Range(1, 1000).Select(i => (long)i), all.Order());
    }

    [Fact]
    public async Task Fetch_PageThatIsOnTheWay_IsHandedOutAgainOnlyIfItIsLost()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var batch = await engine.SubmitAsync(EngineHost.Gets(5));
        await engine.UntilDoneAsync(batch.Id);

        var first = await engine.PageAsync(batch.Id);
        Assert.Equal(5, first.Response.Batch.Requests.Count);
        // An empty page of a batch that is done would tell its client that it has everything.
        var waiting = engine.PageAsync(batch.Id);
        Assert.False(waiting.IsCompleted);
        first.Delivery.Complete(received: false);
        var second = await Eventually.WithDeadlineAsync(waiting, "the fetch that waited for the page to end");
        Assert.Equal(5, second.Response.Batch.Requests.Count);
        second.Delivery.Complete(received: true);
        second.Delivery.Complete(received: false);
        var third = await engine.FetchAsync(batch.Id);
        Assert.Empty(third.Batch.Requests);
        Assert.Equal(5, third.Position);
    }

    // What was written may still be lost: it counts as received nowhere before that is certain, and an empty page does not
    // wait for it.
    [Fact]
    public async Task Fetch_PageThatWasWritten_IsHandedOutAgainOnlyIfItIsLost()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var batch = await engine.SubmitAsync(EngineHost.Gets(5));
        await engine.UntilDoneAsync(batch.Id);

        var first = await engine.PageAsync(batch.Id);
        first.Delivery.Write();
        var empty = await Eventually.WithDeadlineAsync(engine.FetchAsync(batch.Id), "an empty page");
        Assert.Empty(empty.Batch.Requests);
        Assert.Equal(5, empty.Position);
        var record = (await engine.Store.ListBatchesAsync("alice", long.MaxValue, 1, default)).Single();
        Assert.Equal(0, record.Received);

        first.Delivery.Complete(received: false);
        Assert.Equal([1, 2, 3, 4, 5], Positions(await engine.FetchAsync(batch.Id)));
        await StoreMarkAsync(engine);
        first.Delivery.Complete(received: false);
        Assert.Empty(Positions(await engine.FetchAsync(batch.Id)));
    }

    // A page that was asked for with a position, or a stream, takes what nobody else has.
    [Fact]
    public async Task Fetch_PageBehindAPositionWasWrittenAndIsLost_ComesAgainWithoutWhatOthersHave()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var batch = await engine.SubmitAsync(EngineHost.Gets(5));
        await engine.UntilDoneAsync(batch.Id);

        var behind = await engine.PageAsync(batch.Id, after: 2);
        behind.Delivery.Write();
        Assert.Empty(Positions(await engine.FetchAsync(batch.Id)));
        Assert.Empty(Positions(await engine.FetchAsync(batch.Id, after: 5)));
        behind.Delivery.Complete(received: false);
        Assert.Empty(Positions(await engine.FetchAsync(batch.Id)));

        var again = await engine.SubmitAsync(EngineHost.Gets(5));
        await engine.UntilDoneAsync(again.Id);
        behind = await engine.PageAsync(again.Id, after: 2);
        behind.Delivery.Write();
        behind.Delivery.Complete(received: false);
        Assert.Equal([3, 4, 5], Positions(await engine.FetchAsync(again.Id)));
    }

    [Fact]
    public async Task Fetch_OwnerHasAsMuchUnderWayAsItMay_WaitsAndIsThenRefused()
    {
        await using var upstream = await TestApi.StartAsync(
            context => context.Response.Body.WriteAsync(new byte[900_000]).AsTask());
        await using var engine = await EngineHost.StartAsync(
            _directory,
            options =>
            {
                EngineHost.Upstream(upstream.Url)(options);
                options.Limits.PageBytes = 1;
                options.Limits.ReplyBytesPerOwner = 2_000_000;
            });
        var batch = await engine.SubmitAsync(EngineHost.Gets(3));
        await engine.UntilDoneAsync(batch.Id);
        var others = await engine.SubmitAsync(EngineHost.Gets(1), EngineHost.Bob);
        await engine.UntilDoneAsync(others.Id, EngineHost.Bob);

        using var first = await engine.PageAsync(batch.Id);
        var request = new FetchBatchRequest { BatchId = batch.Id };
        var refused = engine.Fetcher.FetchAsync(EngineHost.Alice, request, CancellationToken.None).AsTask();
        Assert.Single(await engine.ResultsAsync(others.Id, EngineHost.Bob));
        Assert.False(refused.IsCompleted);
        var refusal = Assert.IsType<Refusal.Exhausted>(
            (await engine.Time.DriveAsync(refused, TimeSpan.FromMinutes(1))).Refusal);
        Assert.Equal(("Batch:Limits:ReplyBytesPerOwner", 2_000_000), (refusal.Limit, refusal.Value));
        Assert.Contains("Batch:Limits:ReplyBytesPerOwner", refusal.Message, StringComparison.Ordinal);

        // What it had taken is not lost, and once the other is out there is room.
        var waiting = engine.PageAsync(batch.Id);
        first.Delivery.Complete(received: true);
        first.Dispose();
        using var second = await Eventually.WithDeadlineAsync(waiting, "room for the second page");
        Assert.Equal([2], Positions(second.Response));
        second.Dispose();
        Assert.Equal(0, engine.Get<ReplyBudget>().Used);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Open_Pages_AreReadInPiecesAndHaveTheSame(bool byId)
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var batch = await engine.SubmitAsync(EngineHost.Gets(500));
        await engine.UntilDoneAsync(batch.Id);
        var request = new FetchBatchRequest { BatchId = batch.Id };
        if (byId)
        {
            request.RequestIds.Add(batch.Requests.Take(100).Select(each => each.Id));
        }

        using var whole = (await engine.Fetcher.FetchAsync(EngineHost.Alice, request, CancellationToken.None)).Value!;
        whole.Delivery.Complete(received: false);
        using var pieces = (await engine.Fetcher.OpenAsync(EngineHost.Alice, request, CancellationToken.None)).Value!;
        var requests = new List<Request>();
        await foreach (var each in pieces.ReadAsync(CancellationToken.None))
        {
            requests.Add(each.Clone());
        }

        Assert.Empty(pieces.Response.Batch.Requests);
        Assert.Equal(pieces.Count, requests.Count);
        Assert.Equal(whole.Response.Position, pieces.Response.Position);
        Assert.Equal(whole.Response.Batch.Requests, requests);
        pieces.Delivery.Complete(received: true);
        Assert.Equal(byId ? 500 : 0, (await engine.FetchAsync(batch.Id)).Batch.Requests.Count);
    }

    [Fact]
    public async Task Fetch_RunningBatchWithAPageOnTheWay_DoesNotWaitForIt()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(
            context => context.Request.Path == "/items/0" ? gate.PassAsync(context) : TestApi.EchoAsync(context));
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var batch = await engine.SubmitAsync(EngineHost.Gets(5));
        await engine.UntilFinishedAsync(batch.Id, 4);
        var page = await engine.PageAsync(batch.Id);
        Assert.Equal(4, page.Response.Batch.Requests.Count);
        Assert.Empty((await Eventually.WithDeadlineAsync(engine.FetchAsync(batch.Id), "an empty page")).Batch.Requests);
        page.Delivery.Complete(received: true);
        gate.Open();
    }

    // Between the look for waiting results and the look for a page on its way, that page may be lost.
    [Fact]
    public async Task TryClaim_NothingWaits_TellsInTheSameStepWhetherAPageIsOnItsWay()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var deliveries = engine.Get<DeliveryTracker>();
        var record = EmptyStore.Record(key: 1, total: 3) with { Finished = 3 };
        var first = deliveries.TryClaim(record, out var none);
        Assert.NotNull(first);
        Assert.Null(none);
        Assert.Null(deliveries.TryClaim(record, out var onTheWay));
        using (onTheWay)
        {
            Assert.NotNull(onTheWay);
            first.Complete(received: false);
            Assert.True(onTheWay.NextChange.IsCompleted);
        }

        var second = deliveries.TryClaim(record, out none);
        Assert.Equal((1, 3), (second!.First, second.Last));
        second.Complete(received: true);
        Assert.Null(deliveries.TryClaim(record with { Received = 3 }, out none));
        Assert.Null(none);
    }

    // A fetch that has read the record before another one was received must not open a ledger with the old mark.
    [Fact]
    public async Task Fetch_RecordWasReadBeforeAnotherPageWasReceived_HandsNothingOutTwice()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var batch = await engine.SubmitAsync(EngineHost.Gets(5));
        await engine.UntilDoneAsync(batch.Id);
        var key = (await engine.Store.ListBatchesAsync("alice", long.MaxValue, 1, default)).Single().Key;

        var other = new TaskCompletionSource();
        var hasRead = new TaskCompletionSource();
        engine.Store.BatchRead = () =>
        {
            engine.Store.BatchRead = null;
            hasRead.SetResult();
            return other.Task;
        };
        var late = engine.FetchAsync(batch.Id);
        await Eventually.WithDeadlineAsync(hasRead.Task, "the first fetch");
        Assert.Equal(5, (await engine.FetchAsync(batch.Id)).Batch.Requests.Count);
        await StoreMarkAsync(engine);
        await Eventually.BeTrueAsync(
            async () => (await engine.Store.FindBatchAsync(key, default))!.Received == 5, "the received mark");
        other.SetResult();
        Assert.Empty((await Eventually.WithDeadlineAsync(late, "the late fetch")).Batch.Requests);
    }

    // What has just been written may be lost with the sockets of a process that is killed.
    [Fact]
    public async Task Fetch_JustWritten_IsNotStoredAsReceivedYet()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var batch = await engine.SubmitAsync(EngineHost.Gets(5));
        await engine.UntilDoneAsync(batch.Id);
        var writes = new ConcurrentQueue<StoreWrite.MoveReceivedMark>();
        engine.Store.Committed = group =>
        {
            foreach (var write in group.OfType<StoreWrite.MoveReceivedMark>())
            {
                writes.Enqueue(write);
            }
        };

        await engine.FetchAsync(batch.Id);
        Assert.Empty((await engine.FetchAsync(batch.Id)).Batch.Requests);
        Assert.Empty(writes);

        await StoreMarkAsync(engine);
        await Eventually.BeTrueAsync(() => !writes.IsEmpty, "the received mark");
        Assert.Equal(5, Assert.Single(writes).Position);
    }

    [Fact]
    public async Task Fetch_ReceivedBeforeARestart_IsNotHandedOutAgain()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        string id;
        await using (var engine = await EngineHost.StartAsync(_directory, upstream))
        {
            id = (await engine.SubmitAsync(EngineHost.Gets(5))).Id;
            await engine.UntilDoneAsync(id);
            await engine.FetchAsync(id);
        }

        await using (var engine = await EngineHost.StartAsync(_directory, upstream))
        {
            Assert.Empty((await engine.FetchAsync(id)).Batch.Requests);
            Assert.Equal(5, (await engine.FetchAsync(id, after: 0)).Batch.Requests.Count);
        }
    }

    [Fact]
    public async Task Fetch_After_ReceivesWhatIsBeforeAndRepeatsWhatIsBehind()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var batch = await engine.SubmitAsync(EngineHost.Gets(10));
        await engine.UntilDoneAsync(batch.Id);

        var lost = await engine.PageAsync(batch.Id, after: 4);
        Assert.Equal([5, 6, 7, 8, 9, 10], Positions(lost.Response));
        Assert.Equal(10, lost.Response.Position);
        lost.Delivery.Complete(received: false);
        Assert.Equal([5, 6, 7, 8, 9, 10], Positions(await engine.FetchAsync(batch.Id, after: 4)));
        Assert.Empty(Positions(await engine.FetchAsync(batch.Id)));

        // What was received stays fetchable.
        Assert.Equal([3, 4, 5, 6, 7, 8, 9, 10], Positions(await engine.FetchAsync(batch.Id, after: 2)));
        var end = await engine.FetchAsync(batch.Id, after: 10);
        Assert.Empty(end.Batch.Requests);
        Assert.Equal(10, end.Position);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(4)]
    [InlineData(long.MaxValue)]
    public async Task Fetch_AfterAPositionThatNobodyHasGot_IsRefused(long after)
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var batch = await engine.SubmitAsync(EngineHost.Gets(3));
        await engine.UntilDoneAsync(batch.Id);
        var refusal = await RefusalAsync(engine, new FetchBatchRequest { BatchId = batch.Id, After = after });
        Assert.Equal("after", Assert.Single(Assert.IsType<Refusal.Invalid>(refusal).Problems).Field);
        Assert.Equal(3, (await engine.FetchAsync(batch.Id)).Batch.Requests.Count);
    }

    [Fact]
    public async Task Fetch_ById_GivesThoseInThatOrderFinishedOrNot()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(
            context => context.Request.Path == "/items/1" ? gate.PassAsync(context) : TestApi.EchoAsync(context));
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var batch = await engine.SubmitAsync(EngineHost.Gets(3));
        await engine.UntilFinishedAsync(batch.Id, 2);
        string[] ids = [batch.Requests[2].Id, batch.Requests[1].Id, batch.Requests[0].Id, batch.Requests[2].Id];
        var answer = await engine.Fetcher.FetchAsync(
            EngineHost.Alice, new FetchBatchRequest { BatchId = batch.Id, RequestIds = { ids } }, CancellationToken.None);
        answer.Value!.Delivery.Complete(received: true);
        var requests = answer.Value.Response.Batch.Requests;
        Assert.Equal(ids, requests.Select(request => request.Id));
        Assert.Equal("/items/2", requests[0].Response.Body.ToStringUtf8());
        Assert.Equal((RequestState.Running, null), (requests[1].State, requests[1].Response));
        Assert.Equal((RequestState.Done, "/items/0"), (requests[2].State, requests[2].Response.Body.ToStringUtf8()));

        // It has moved no mark.
        Assert.Equal(2, (await engine.FetchAsync(batch.Id)).Batch.Requests.Count);
        gate.Open();
    }

    [Fact]
    public async Task Fetch_ByForeignOrTooManyIds_IsRefused()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var batch = await engine.SubmitAsync(EngineHost.Gets(1));
        var other = await engine.SubmitAsync(EngineHost.Gets(1));
        foreach (var id in (string[])[other.Requests[0].Id, batch.Id, "1", ""])
        {
            Assert.Equal(
                new Refusal.NotFound("request", id),
                await RefusalAsync(engine, new FetchBatchRequest { BatchId = batch.Id, RequestIds = { id } }));
        }

        var many = Enumerable.Repeat(batch.Requests[0].Id, 101);
        Assert.IsType<Refusal.Invalid>(
            await RefusalAsync(engine, new FetchBatchRequest { BatchId = batch.Id, RequestIds = { many } }));
        Assert.IsType<Refusal.Invalid>(await RefusalAsync(
            engine, new FetchBatchRequest { BatchId = batch.Id, After = 0, RequestIds = { batch.Requests[0].Id } }));
        Assert.Equal(
            new Refusal.NotFound("batch", batch.Id),
            await RefusalAsync(engine, new FetchBatchRequest { BatchId = batch.Id }, EngineHost.Bob));
    }

    // The limit is on what is sent: naming a large result often must not get around it.
    [Fact]
    public async Task Fetch_OneLargeResultNamedManyTimes_IsRefused()
    {
        await using var upstream = await TestApi.StartAsync(
            context => context.Response.Body.WriteAsync(new byte[1_000_000]).AsTask());
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var batch = await engine.SubmitAsync(EngineHost.Gets(1));
        await engine.UntilDoneAsync(batch.Id);
        var id = batch.Requests[0].Id;
        var few = await engine.Fetcher.FetchAsync(
            EngineHost.Alice,
            new FetchBatchRequest { BatchId = batch.Id, RequestIds = { Enumerable.Repeat(id, 67) } },
            CancellationToken.None);
        Assert.Equal(67, few.Value!.Response.Batch.Requests.Count);
        var refusal = await RefusalAsync(
            engine, new FetchBatchRequest { BatchId = batch.Id, RequestIds = { Enumerable.Repeat(id, 68) } });
        Assert.IsType<Refusal.Invalid>(refusal);
    }

    [Fact]
    public async Task Fetch_Pages_HoldAtMostTwoMebibytesButAtLeastOneResult()
    {
        int[] sizes = [500_000, 3_000_000, 1_000_000, 1_097_152, 1, 2_097_152, 0, 2_097_153, 700_000, 700_000, 700_000];
        await using var upstream = await TestApi.StartAsync(context =>
            context.Response.Body.WriteAsync(new byte[sizes[int.Parse(context.Request.Path.Value!.Split('/')[2], null)]]).AsTask());
        await using var engine = await EngineHost.StartAsync(_directory, upstream, concurrency: 1);
        var batch = await engine.SubmitAsync(EngineHost.Gets(sizes.Length));
        await engine.UntilDoneAsync(batch.Id);
        var pages = new List<long[]>();
        while (true)
        {
            var answer = await engine.Fetcher.FetchAsync(
                EngineHost.Alice,
                new FetchBatchRequest
                {
                    BatchId = batch.Id,
                    RequestFields = FieldMask.FromString("response.body,response.size"),
                },
                CancellationToken.None);
            using var fetched = answer.Value!;
            fetched.Delivery.Complete(received: true);
            var page = fetched.Response.Batch.Requests;
            if (page.Count == 0)
            {
                break;
            }

            Assert.All(page, request => Assert.Equal(request.Response.Size, request.Response.Body.Length));
            pages.Add([.. page.Select(request => request.Response.Size)]);
        }

        Assert.Equal(
            [
                [500_000], [3_000_000], [1_000_000, 1_097_152], [1], [2_097_152, 0], [2_097_153],
                [700_000, 700_000], [700_000],
            ],
            pages);
    }

    [Fact]
    public async Task Fetch_BatchIsDeletedMeanwhile_IsNotFound()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        foreach (var after in (long?[])[null, 0])
        {
            var batch = await engine.SubmitAsync(EngineHost.Gets(5));
            await engine.UntilDoneAsync(batch.Id);
            engine.Store.BatchRead = async () =>
            {
                engine.Store.BatchRead = null;
                await engine.Deleter.DeleteAsync(EngineHost.Alice, batch.Id, CancellationToken.None);
            };
            var request = new FetchBatchRequest { BatchId = batch.Id };
            if (after is { } position)
            {
                request.After = position;
            }

            Assert.Equal(new Refusal.NotFound("batch", batch.Id), await RefusalAsync(engine, request));
        }
    }

    [Fact]
    public async Task Fetch_Fields_GivesThoseAndTheId()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var batch = await engine.SubmitAsync(EngineHost.Gets(1));
        await engine.UntilDoneAsync(batch.Id);
        var answer = await engine.Fetcher.FetchAsync(
            EngineHost.Alice,
            new FetchBatchRequest { BatchId = batch.Id, RequestFields = FieldMask.FromString("path,response.status_code") },
            CancellationToken.None);
        Assert.Equal(
            new Request { Id = batch.Requests[0].Id, Path = "/items/0", Response = new Response { StatusCode = 200 } },
            answer.Value!.Response.Batch.Requests[0]);
        answer.Value.Delivery.Complete(received: true);
        var refusal = await RefusalAsync(
            engine,
            new FetchBatchRequest { BatchId = batch.Id, RequestFields = new FieldMask { Paths = { "nonsense", "path", "more" } } });
        Assert.Equal(2, Assert.IsType<Refusal.Invalid>(refusal).Problems.Count);
        refusal = await RefusalAsync(
            engine,
            new FetchBatchRequest { BatchId = batch.Id, RequestFields = new FieldMask { Paths = { Enumerable.Repeat("x", 1000) } } });
        Assert.StartsWith(
            "At least 20 fields are wrong, of which the first ",
            Assert.IsType<Refusal.Invalid>(refusal).Message,
            StringComparison.Ordinal);
    }

    // As a rule nobody reads again what has reached its client: it does not take the room of what somebody waits for.
    [Fact]
    public async Task Fetch_EverythingWasWritten_LetsGoOfItAndReadsItFromTheStore()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var reads = 0;
        engine.Store.SegmentRead = () =>
        {
            reads++;
            return Task.CompletedTask;
        };
        var batch = await engine.SubmitAsync(EngineHost.Gets(5));
        await engine.UntilDoneAsync(batch.Id);
        var first = await engine.PageAsync(batch.Id);
        Assert.Equal(5, first.Response.Batch.Requests.Count);
        Assert.Equal(0, reads);

        first.Delivery.Write();

        var again = await engine.FetchAsync(batch.Id, after: 0);
        Assert.Equal(first.Response.Batch.Requests, again.Batch.Requests);
        Assert.True(reads > 0);
        first.Delivery.Complete(received: true);
    }

    private static async Task<Refusal> RefusalAsync(EngineHost engine, FetchBatchRequest request, Caller? caller = null)
    {
        var answer = await engine.Fetcher.FetchAsync(caller ?? EngineHost.Alice, request, CancellationToken.None);
        Assert.False(answer.Succeeded);
        return answer.Refusal;
    }

    private static IEnumerable<long> Positions(FetchBatchResponse response) =>
        response.Batch.Requests.Select(request => request.Position);

    private static async Task StoreMarkAsync(EngineHost engine)
    {
        await Eventually.BeTrueAsync(() => engine.Time.Pending.Contains(TimeSpan.FromSeconds(1)), "the delay of the mark");
        engine.Time.Advance(TimeSpan.FromSeconds(1));
    }
}
