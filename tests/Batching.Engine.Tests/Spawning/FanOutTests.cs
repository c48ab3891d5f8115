using System.Collections.Concurrent;
using System.Globalization;
using Batching.Engine.Model;
using Batching.Engine.Storage;
using Batching.Engine.Tests.Infrastructure;
using Batching.V1;
using Google.Rpc;
using Microsoft.AspNetCore.Http;

namespace Batching.Engine.Tests.Spawning;

/// <summary>Queries whose pages are asked for side by side: what they take, and that none is lost.</summary>
public sealed class FanOutTests : IDisposable
{
    private static readonly DateTimeOffset Late = new(2100, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Pages_OfALargeSpawner_StoreOnlyWhereTheyDiffer()
    {
        const int pages = 1_000;
        await using var upstream = await TestApi.StartAsync(context => context.Response.WriteAsync(Page(context, pages)));
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var bytes = 0L;
        var largest = 0;
        engine.Store.Committed = writes =>
        {
            var spawned = writes.OfType<StoreWrite.AppendResults>().SelectMany(write => write.Spawned).ToList();
            Interlocked.Add(ref bytes, spawned.Sum(window => (long)window.Data.Length));
            largest = Math.Max(largest, spawned.Sum(window => window.Count));
        };
        var text = new string('x', 4_000);
        var batch = await engine.SubmitAsync(
        [
            new Request
            {
                Path = "/items",
                ParamsJson = $$"""{ "text" :"{{text}}", "page_size":"5000" }""",
                Headers = { ["X-Large"] = new string('h', 12_000) },
                Spawner = true,
                Pagination = Paged(),
            },
        ]);
        var results = await engine.ResultsAsync(batch.Id);

        Assert.Equal(pages + 1, results.Count);
        Assert.InRange(bytes / pages, 1, 200);
        Assert.InRange(largest, 1, RequestWindow.MaxCount);
        Assert.All(upstream.Requests, call => Assert.Equal(12_000, call.Headers["X-Large"].Length));
        Assert.Equal(
            Enumerable.Range(1, pages).Select(page => string.Create(
                CultureInfo.InvariantCulture, $$"""{ "text" :"{{text}}", "page_size":1 ,"page":{{page}}}""")),
            results.Skip(1).OrderBy(result => result.Index).Select(result => result.ParamsJson));
        Assert.All(results.Skip(1), result => Assert.Equal(("/items", "GET"), (result.Path, result.Method)));
    }

    [Fact]
    public async Task Pages_ThatAllFail_AreStillAskedForOnceEach()
    {
        const int pages = 700;
        var calls = new ConcurrentDictionary<string, int>();
        await using var upstream = await TestApi.StartAsync(context =>
        {
            var page = context.Request.Query["page"].ToString();
            calls.AddOrUpdate(page, 1, (_, count) => count + 1);
            context.Response.StatusCode = page == "1" ? 200 : 500;
            return context.Response.WriteAsync(Page(context, pages));
        });
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var idle = 0;
        engine.Store.Committed = writes =>
        {
            // As soon as nothing runs the batch is done.
            foreach (var write in writes.OfType<StoreWrite.AppendResults>())
            {
                idle += write.Batch is { Running: 0, Total: < pages + 1 } ? 1 : 0;
            }
        };

        var batch = await engine.SubmitAsync([new Request { Path = "/items", Spawner = true, Pagination = Paged() }]);
        var results = await engine.ResultsAsync(batch.Id);

        Assert.Equal(0, idle);
        Assert.Equal(pages + 1, results.Count);
        Assert.Equal(pages, calls.Count);
        Assert.All(calls.Values, count => Assert.Equal(1, count));
        Assert.Equal(2, results.Count(result => result.Response.StatusCode == 200));
    }

    [Fact]
    public async Task Pages_OfAnApiWithSmallerOnes_AreOfThatSizeInEveryGroup()
    {
        // Asked for 10, the API gives 3; the last page has 1.
        const int items = 3_001;
        await using var upstream = await TestApi.StartAsync(context =>
        {
            var offset = int.Parse(context.Request.Query["offset"].ToString(), CultureInfo.InvariantCulture);
            var page = string.Join(',', Enumerable.Range(offset, Math.Clamp(items - offset, 0, 3)));
            return context.Response.WriteAsync(string.Create(
                CultureInfo.InvariantCulture, $$"""{"items": [{{page}}], "total": {{items}}}"""));
        });
        await using var engine = await EngineHost.StartAsync(_directory, upstream);

        var batch = await engine.SubmitAsync(
        [
            new Request
            {
                Path = "/items",
                Spawner = true,
                Pagination = new Pagination { Style = PaginationStyle.Offset, TotalPointer = "/total", PageSize = 10 },
            },
        ]);
        await engine.UntilDoneAsync(batch.Id);

        Assert.Equal(
            Enumerable.Range(0, 1_001).Select(i => i * 3),
            upstream.Requests.Select(call => int.Parse(call.Target.Split("offset=")[1], CultureInfo.InvariantCulture)).Order());
    }

    [Fact]
    public async Task Requests_QuotaSmallerThanTheFanOut_IsKeptAndNoPageIsMissing()
    {
        const int quota = 20;
        const int pages = 400;
        await using var upstream = await TestApi.StartAsync(context => context.Response.WriteAsync(Page(context, pages)));
        await using var engine = await EngineHost.StartAsync(_directory, options =>
        {
            EngineHost.Upstream(upstream.Url)(options);
            options.Quotas.Requests = quota;
        });
        var most = 0L;
        engine.Store.Committed = _ =>
        {
            var usage = engine.Store.ReadUsageAsync(EngineHost.Alice.Owner, CancellationToken.None);
            Assert.True(usage.IsCompletedSuccessfully);
            most = Math.Max(most, usage.Result.Requests);
        };

        var batch = await engine.SubmitAsync([new Request { Path = "/items", Spawner = true, Pagination = Paged() }]);
        var results = await engine.ResultsAsync(batch.Id);

        Assert.InRange(most, 2, quota);
        Assert.Equal(pages + 1, results.Count);
        Assert.All(results, result => Assert.Equal(200, result.Response.StatusCode));
    }

    [Theory]
    [InlineData(PaginationStyle.Page)]
    [InlineData(PaginationStyle.Cursor)]
    public async Task StoredBytes_UsedUpByAQuery_EndsItAndNamesTheQuota(PaginationStyle style)
    {
        const int pages = 600;
        var body = new string('x', 9_950);
        await using var upstream = await TestApi.StartAsync(context => context.Response.WriteAsync(
            $$"""{"items": [{{Random.Shared.Next(1_000_000_000)}}], "text": "{{body}}", "total": {{pages}}, "cursor": {{context.Request.Query.Count + Random.Shared.NextInt64(1L << 50)}}}"""));
        await using var engine = await EngineHost.StartAsync(_directory, options =>
        {
            EngineHost.Upstream(upstream.Url, concurrency: 1)(options);
            options.Quotas.StoredBytes = 1 << 20;
        });
        var pagination = Paged();
        pagination.Style = style;
        pagination.CursorPointer = "/cursor";
        pagination.MaxPages = pages;

        var batch = await engine.SubmitAsync([new Request { Path = "/items", Spawner = true, Pagination = pagination }]);
        var results = await engine.ResultsAsync(batch.Id);
        var end = Assert.Single(results, result => result.Response.Error is not null);

        Assert.Equal(502, end.Response.StatusCode);
        Assert.Contains("Batch:Quotas:StoredBytes", end.Response.Error.Message, StringComparison.Ordinal);
        Assert.Equal("PAGE_LIMIT", Assert.Single(end.Response.Error.Details).Unpack<ErrorInfo>().Reason);
        // What was asked for already is still delivered.
        Assert.InRange(results.Count, 100, 100 + (2 * RequestWindow.MaxCount));

        // It names the page to go on with.
        var last = results.Where(result => result != end).Max(result => result.Index);
        Assert.Equal(last + 1, end.Index);
        Assert.Equal(style == PaginationStyle.Page ? end.Index : 0, end.Params.Fields.GetValueOrDefault("page")?.NumberValue ?? 0);
    }

    // Between a commit and what is told of it results are in the store and on their way to it: counted twice they would end a
    // query for which there is still room.
    [Fact]
    public async Task StoredBytes_ResultsAreStoredAndHeldStill_EndNoQueryThatFits()
    {
        const int pages = 95;
        var body = new string('x', 9_950);
        var calls = 0;
        await using var upstream = await TestApi.StartAsync(context =>
        {
            var page = Interlocked.Increment(ref calls);
            var cursor = page < pages ? $"\"{page}\"" : "null";
            return context.Response.WriteAsync($$"""{"items": [{{page}}], "text": "{{body}}", "cursor": {{cursor}}}""");
        });
        await using var engine = await EngineHost.StartAsync(_directory, options =>
        {
            EngineHost.Upstream(upstream.Url, concurrency: 1)(options);
            options.Quotas.StoredBytes = 1 << 20;
        });

        // More pages come while a commit that can be read already is not told of.
        engine.Store.Committed = _ =>
        {
            var before = Volatile.Read(ref calls);
            SpinWait.SpinUntil(() => Volatile.Read(ref calls) >= before + 20, TimeSpan.FromMilliseconds(200));
        };

        var batch = await engine.SubmitAsync([new Request { Path = "/items", Spawner = true }]);
        var results = await engine.ResultsAsync(batch.Id);

        Assert.All(results, result => Assert.Equal(200, result.Response.StatusCode));
        Assert.Equal(1 + pages, results.Count);
    }

    // As large as a result may be: it would fit alone, but not with the pages that it brings.
    [Fact]
    public async Task Page_ThatCanNotBeStoredWithWhatFollows_EndsAsSuchAndTheOthersGoOn()
    {
        const int pages = 500;
        const int room = 590_000;
        await using var upstream = await TestApi.StartAsync(context => context.Response.WriteAsync(string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"text": "{{new string('x', context.Request.Query["page"] == "1" ? 580_000 : 1)}}", {{Page(context, pages)[1..]}}""")));
        await using var engine = await EngineHost.StartAsync(
            _directory, EngineHost.Upstream(upstream.Url), prepare: host => host.Store.Room = room);
        engine.ErrorsAreExpected = true;
        engine.Store.Committing = writes => writes.OfType<StoreWrite.AppendResults>().Sum(write =>
            write.Segments.Sum(segment => (long)segment.Payload!.Length) + write.Spawned.Sum(window => (long)window.Data.Length)) > room
            ? throw new StoreUnavailableException("The store is full.", new IOException()) { IsFull = true }
            : Task.CompletedTask;

        var batch = await engine.SubmitAsync([new Request { Path = "/items", Spawner = true, Pagination = Paged() }]);
        var results = await engine.Time.DriveAsync(engine.ResultsAsync(batch.Id), below: TimeSpan.FromSeconds(2));

        Assert.Equal(pages + 1, results.Count);
        var failed = Assert.Single(results, result => result.Response.StatusCode != 200);
        Assert.Equal("STORE_FULL", Assert.Single(failed.Response.Error.Details).Unpack<ErrorInfo>().Reason);
        Assert.Equal(1, failed.Index);
    }

    [Fact]
    public async Task Ids_OfSpawners_AreReservedByWhatIsUsed()
    {
        const int batches = 20;
        await using var upstream = await TestApi.StartAsync(context => context.Response.WriteAsync(
            context.Request.Path == "/many" ? Page(context, 1_000) : "{}"));
        await using var engine = await EngineHost.StartAsync(_directory, options =>
        {
            EngineHost.Upstream(upstream.Url)(options);
            options.Limits.PagesPerSpawner = 1_000_000;
        });
        var reserve = engine.Get<BatchIds>().ReserveAsync;
        var before = await reserve(1, CancellationToken.None);
        for (var i = 0; i < batches; i++)
        {
            var batch = await engine.SubmitAsync([new Request { Path = "/short", Spawner = true }]);
            await engine.UntilDoneAsync(batch.Id);
        }

        var afterShort = await reserve(1, CancellationToken.None);
        var many = await engine.SubmitAsync([new Request { Path = "/many", Spawner = true, Pagination = Paged() }]);
        var results = await engine.ResultsAsync(many.Id);
        var afterMany = await reserve(1, CancellationToken.None);

        Assert.InRange(afterShort - before, batches * 3, batches * 5);
        Assert.InRange(afterMany - afterShort, 1_000, 2_300);
        Assert.Equal(1_001, results.Select(result => result.Id).Distinct().Count());

        // Each is found by its id.
        var ids = results.Select(result => result.Id).Chunk(100).ToList();
        foreach (var some in ids)
        {
            var request = new FetchBatchRequest { BatchId = many.Id, RequestFields = new() { Paths = { "index" } } };
            request.RequestIds.Add(some);
            var answer = await engine.Fetcher.FetchAsync(EngineHost.Alice, request, CancellationToken.None);
            Assert.Equal(some, answer.Value!.Response.Batch.Requests.Select(found => found.Id));
        }
    }

    // What a result was stored with before there were rows for pages: whole requests.
    [Fact]
    public async Task Start_PagesStoredAsWholeRequests_AreSentAndShown()
    {
        await using var upstream = await TestApi.StartAsync(context => context.Response.WriteAsync(Page(context, 2)));
        const int key = 1;
        await using (var store = await EmptyStore.OpenAsync(_directory))
        {
            await store.ReserveKeysAsync(1_000, CancellationToken.None);
            using var ids = new BatchIds(store);
            await ids.OpenAsync(CancellationToken.None);
            var spawner = new Request { Path = "/items", Method = "GET", Spawner = true, Pagination = Paged() };
            Request[] pages = [.. Enumerable.Range(1, 2).Select(page => new Request
            {
                Path = "/items",
                Method = "GET",
                SpawnedBy = ids.OfRequest(EmptyStore.Record(key), 0),
                ParamsJson = $$"""{"page_size":1,"page":{{page}}}""",
                Headers = { ["X-Own"] = "yes" },
            })];
            var record = EmptyStore.Record(key, total: 1) with { Capacity = 10, SpawnerPages = 5, ExpireTime = Late, DeleteTime = Late };
            var results = new ResultSegmentBuilder(1);
            results.Add(0, 200, Failure.None, record.CreateTime, 2, default, default);
            await store.CommitAsync(
                [
                    new StoreWrite.Accept(record, RequestWindow.Encode([spawner], 0)),
                    new StoreWrite.AppendResults(
                        record with { Total = 3, Finished = 1 }, results.Build(), RequestWindow.Encode(pages, 1)),
                ],
                CancellationToken.None);
        }

        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var found = await engine.ResultsAsync(engine.Get<BatchIds>().OfBatch(key));

        Assert.Equal([0, 1, 2], found.Select(result => result.Index).Order());
        Assert.Equal(
            ["/items?page_size=1&page=1", "/items?page_size=1&page=2"], upstream.Requests.Select(call => call.Target).Order());
        Assert.All(upstream.Requests, call => Assert.Equal("yes", call.Headers["X-Own"]));
        Assert.Contains(found, result => result.ParamsJson == """{"page_size":1,"page":2}""");
    }

    private static Pagination Paged() =>
        new() { Style = PaginationStyle.Page, TotalPointer = "/total", PageSize = 1, LimitParam = "page_size" };

    // The last one is empty, so that no further one is asked for.
    private static string Page(HttpContext context, long total)
    {
        var page = long.Parse(context.Request.Query["page"]!, CultureInfo.InvariantCulture);
        return string.Create(
            CultureInfo.InvariantCulture, $$"""{"items": [{{(page < total ? page : "")}}], "total": {{total}}}""");
    }
}
