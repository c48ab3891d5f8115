using Batching.Engine.Running;
using Microsoft.AspNetCore.Http;

namespace Batching.Server.Tests.Spawning;

/// <summary>Queries that are stopped, that share a gateway with others, and that outlive it.</summary>
[Collection(SharedSpawningGateway.Name)]
public sealed class LifecycleTests(SpawningFixture fixture)
{
    [Theory]
    [InlineData("cursor", "")]
    [InlineData("page", "\"total_pointer\": \"/total\"")]
    public async Task Cancel_WhileAQueryRuns_GivesEveryRequestItsResult(string style, string total)
    {
        var reached = new TaskCompletionSource();
        var calls = 0;
        var path = fixture.Api.Serve(new PagedApi(1_000_000)
        {
            Before = async context =>
            {
                if (Interlocked.Increment(ref calls) >= 100)
                {
                    reached.TrySetResult();
                    await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted)
                        .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    return false;
                }

                return true;
            },
        }.HandleAsync);

        var batch = await fixture.Rest.SubmitAsync($"[{SpawnerJson.Of(path, style, total)}]");
        var id = batch.GetProperty("id").GetString()!;
        await reached.Task.WaitAsync(Eventually.Deadline);
        await fixture.Rest.PostAsync("{}", $"/{id}/cancel");
        var results = await fixture.Rest.CollectAsync(id);

        var status = (await fixture.Rest.GetAsync($"{id}/status")).GetProperty("Batch");
        Assert.Equal(0, status.GetProperty("runningRequests").GetInt32());
        Assert.Equal(results.Count, status.GetProperty("totalRequests").GetInt32());
        Assert.Equal(results.Count, results.Select(result => result.GetProperty("id").GetString()).Distinct().Count());
        Assert.All(results, result => Assert.True(
            result.GetProperty("responseStatusCode").GetInt32() is 200 or 499, result.ToString()));
        Assert.Contains(results, result => result.GetProperty("responseStatusCode").GetInt32() == 499);
        Assert.InRange(calls, 100, 200);
    }

    [Theory]
    [InlineData("cursor", "")]
    [InlineData("page", "\"total_pointer\": \"/total\"")]
    public async Task Delete_WhileAQueryRuns_EndsIt(string style, string total)
    {
        var reached = new TaskCompletionSource();
        var deleted = false;
        var late = 0;
        var calls = 0;
        var path = fixture.Api.Serve(new PagedApi(1_000_000)
        {
            Before = _ =>
            {
                if (Interlocked.Increment(ref calls) >= 100)
                {
                    reached.TrySetResult();
                }

                if (Volatile.Read(ref deleted))
                {
                    Interlocked.Increment(ref late);
                }

                return Task.FromResult(true);
            },
        }.HandleAsync);

        var batch = await fixture.Rest.SubmitAsync($"[{SpawnerJson.Of(path, style, total)}]");
        var id = batch.GetProperty("id").GetString()!;
        await reached.Task.WaitAsync(Eventually.Deadline);
        await fixture.Rest.DeleteAsync(id);
        Volatile.Write(ref deleted, true);

        var gone = await fixture.Rest.GetAsync(id);
        Assert.Equal(404, gone.GetProperty("statusCode").GetInt32());

        // What comes later was under way: no more than the upstream takes at a time.
        var other = await fixture.Rest.RunAsync(SpawnerJson.Of(
            fixture.Api.Serve(new PagedApi(2_000).HandleAsync), "cursor"));
        Assert.Equal(20, other.Count);
        Assert.InRange(late, 0, 64);
    }

    [Fact]
    public async Task Expiry_WhileAQueryRuns_StopsIt()
    {
        await using var gateway = await GatewayProcess.StartAsync(
            ("Batch:Upstream", fixture.Api.Address), ("Batch:Retention:Responses", "00:00:03"));
        using var rest = new WalkClient(gateway.Address);
        var path = fixture.Api.Serve(new PagedApi(int.MaxValue / 2)
        {
            Before = async _ =>
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
                return true;
            },
        }.HandleAsync);

        var batch = await rest.SubmitAsync($"[{SpawnerJson.Of(path, "cursor")}]");
        var results = await rest.CollectAsync(batch.GetProperty("id").GetString()!);

        // The page that was under way may be answered too late, and the one behind it be on its way to the store already.
        var ended = results.Select(result => result.GetProperty("responseStatusCode").GetInt32()).SkipWhile(code => code == 200);
        Assert.InRange(ended.Count(), 1, 2);
        Assert.All(ended, code => Assert.Equal(504, code));
        Assert.Empty(gateway.Errors);
    }

    [Theory]
    [InlineData("cursor", "")]
    [InlineData("page", "\"total_pointer\": \"/total\"")]
    public async Task SmallBatch_BesideAHugeQuery_DoesNotWaitForIt(string style, string total)
    {
        // One request at a time, so that they really are in each other's way.
        await using var gateway = await GatewayProcess.StartAsync(
            ("Batch:Upstreams:0:BaseAddress", fixture.Api.Address), ("Batch:Upstreams:0:MaxConcurrency", "1"));
        using var huge = new WalkClient(gateway.Address, "huge");
        using var small = new WalkClient(gateway.Address, "small");
        var begun = new TaskCompletionSource();
        var calls = 0;
        var path = fixture.Api.Serve(new PagedApi(1_000_000)
        {
            Before = _ =>
            {
                if (Interlocked.Increment(ref calls) == 50)
                {
                    begun.SetResult();
                }

                return Task.FromResult(true);
            },
        }.HandleAsync);
        var before = new List<int>();
        var other = fixture.Api.Serve(context =>
        {
            before.Add(Volatile.Read(ref calls));
            return context.Response.WriteAsync("hello");
        });

        var query = await huge.SubmitAsync($"[{SpawnerJson.Of(path, style, total)}]");
        await begun.Task.WaitAsync(Eventually.Deadline);
        var batch = await small.SubmitAsync($"[{string.Join(',', Enumerable.Repeat($$"""{"path": "{{other}}"}""", 10))}]");
        var results = await small.CollectAsync(batch.GetProperty("id").GetString()!);
        await huge.DeleteAsync(query.GetProperty("id").GetString()!);

        Assert.Equal(10, results.Count);
        // In turns: between two of its requests the other owner has one, or few if they come before the next is loaded.
        Assert.InRange(before[^1] - before[0], 0, 20);
        Assert.InRange(calls, 50, 9_999);
    }

    [Fact]
    public async Task Limits_OfTheGateway_AreShared()
    {
        await using var gateway = await GatewayProcess.StartAsync(
            ("Batch:Upstream", fixture.Api.Address),
            ("Batch:Limits:PagesPerSpawner", "5"), ("Batch:Limits:SpawnedRequestsPerBatch", "8"));
        using var rest = new WalkClient(gateway.Address);
        var path = fixture.Api.Serve(new PagedApi(10_000).HandleAsync);
        var spawner = SpawnerJson.Of(path, "cursor");

        foreach (var (spawners, pages) in new[] { (1, 5), (2, 4), (3, 2), (20, 1) })
        {
            var batch = await rest.SubmitAsync($"[{string.Join(',', Enumerable.Repeat(spawner, spawners))}]");
            var results = await rest.CollectAsync(batch.GetProperty("id").GetString()!);

            Assert.Equal(spawners * (pages + 2), results.Count);
            Assert.Equal(spawners, results.Count(result => result.GetProperty("responseStatusCode").GetInt32() == 502));
        }

        Assert.Empty(gateway.Errors);
    }

    [Theory]
    [InlineData("cursor", "", 11)]
    [InlineData("page", ", \"total_pointer\": \"/total\"", 22)]
    [InlineData("link", "", 44)]
    public async Task Kill_AgainAndAgainDuringAQuery_LosesAndDoublesNothing(string style, string total, int seed)
    {
        const int pages = 1_000;
        var random = new Random(seed);
        await using var gateway = await GatewayProcess.StartAsync(("Batch:Upstream", fixture.Api.Address));
        using var rest = new WalkClient(gateway.Address);
        var calls = 0;
        var killAt = 0;
        TaskCompletionSource reached = new();
        TaskCompletionSource killed = new();
        // The last page is short, so that it shows the end.
        var path = fixture.Api.Serve(new PagedApi((pages * 10) - 5)
        {
            Before = async _ =>
            {
                if (Interlocked.Increment(ref calls) >= Volatile.Read(ref killAt))
                {
                    // However long the kill takes, it comes before the query has ended.
                    reached.TrySetResult();
                    await killed.Task;
                }

                return true;
            },
        }.HandleAsync);

        var kills = 0;
        string id = "";
        while (kills < 10)
        {
            reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            killed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Volatile.Write(ref killAt, Volatile.Read(ref calls) + random.Next(1, pages / 12));
            if (kills == 0)
            {
                var batch = await rest.SubmitAsync(
                    $"[{SpawnerJson.Of(path, style, $"\"page_size\": 10 {total}", style == "link" ? "\"page_size\": 10" : "")}]");
                id = batch.GetProperty("id").GetString()!;
            }
            else
            {
                await gateway.RestartAsync();
            }

            await reached.Task.WaitAsync(Eventually.Deadline);
            await gateway.KillAsync();
            Volatile.Write(ref killAt, int.MaxValue);
            killed.SetResult();
            kills++;
        }

        await gateway.RestartAsync();
        var results = await rest.CollectAsync(id);

        Assert.True(
            results.Count == 1 + pages,
            $"seed {seed}: {results.Count} results, the last {results[^1]}, statuses {string.Join(", ", results.CountBy(r => r.GetProperty("responseStatusCode").GetInt32()))}");
        Assert.Equal(results.Count, results.Select(result => result.GetProperty("id").GetString()).Distinct().Count());
        Assert.Equal(
            Enumerable.Range(1, (pages * 10) - 5).Select(item => (long)item),
            results.Skip(1).SelectMany(page => PagedApi.ItemsOf(page.GetProperty("response"))).Order());
        Assert.Empty(gateway.Errors);
    }

    [Fact]
    public async Task Kill_WhenTheQueryHasJustEnded_DoesNotSendWhatEndedIt()
    {
        await using var gateway = await GatewayProcess.StartAsync(("Batch:Upstream", fixture.Api.Address));
        using var rest = new WalkClient(gateway.Address);
        var path = fixture.Api.Serve(new PagedApi(1_000).HandleAsync);
        var others = fixture.Api.Serve(async context => await Task.Delay(
            Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing));

        // The batch goes on after the restart: one request of it hangs.
        var batch = await rest.SubmitAsync(
            $$"""[{{SpawnerJson.Of(path, "page", "\"total_pointer\": \"/total\", \"max_pages\": 4")}}, {"path": "{{others}}"}]""");
        var id = batch.GetProperty("id").GetString()!;
        await foreach (var record in rest.StreamAsync(id))
        {
            if (record.GetProperty("Request").GetProperty("responseStatusCode").GetInt32() == 502)
            {
                break;
            }
        }

        await gateway.KillAsync();
        await gateway.RestartAsync();
        fixture.Api.ServeAt(others, context => context.Response.WriteAsync("done"));
        await rest.PostAsync("{}", $"/{id}/cancel");
        var results = await rest.CollectAsync(id);

        Assert.Equal(7, results.Count);
        Assert.Single(results, result => result.GetProperty("responseStatusCode").GetInt32() == 502);
        Assert.DoesNotContain(fixture.Api.Calls(path), call => call.Contains("page=5", StringComparison.Ordinal));
    }
}
