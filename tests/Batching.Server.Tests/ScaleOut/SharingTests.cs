using System.Collections.Concurrent;
using System.Text.Json;
using Batching.Server.Tests.Infrastructure;

namespace Batching.Server.Tests.ScaleOut;

/// <summary>Three gateways on one PostgreSQL, all of which work.</summary>
public sealed class SharingTests
{
    private const int Count = 3000;

    [PostgresFact]
    public async Task Batch_OfManyRequests_IsRunByAllGateways()
    {
        var go = new TaskCompletionSource();
        await using var api = await TestApi.StartAsync(async context =>
        {
            await go.Task.WaitAsync(context.RequestAborted);
            await EchoAsync(context);
        });
        using var group = new GatewayGroup(api);
        var gateways = await StartAsync(group, 3);
        var batch = await gateways[0].Rest.SubmitPathsAsync(Paths());

        await Eventually.BeTrueAsync(() => CountHolders(group) == 3, "all gateways hold some of it");
        go.SetResult();
        await gateways[1].Rest.WaitUntilDoneAsync(batch.Id);

        AssertAllOnce(batch, await ReadAllAsync(gateways[2].Rest, batch));
        Assert.Equal(Count, api.Requests.Count);
        Assert.Equal("0", Query(group, "SELECT count(*) FROM batch.request_runs"));
        Assert.All(gateways, gateway => gateway.AssertNoErrors());
    }

    [PostgresFact]
    public async Task Pages_FetchedSideBySideAtAllGateways_AreDisjoint()
    {
        await using var api = await TestApi.StartAsync(EchoAsync);
        using var group = new GatewayGroup(api);
        var gateways = await StartAsync(group, 3);
        var batch = await gateways[0].Rest.SubmitPathsAsync(Paths());

        var results = new ConcurrentBag<JsonElement>();
        var readers = gateways.SelectMany(gateway => Enumerable.Range(0, 2).Select(_ => Task.Run(async () =>
        {
            while (true)
            {
                var page = (await gateway.Rest.GetAsync(batch.Path)).Success();
                foreach (var result in page.Requests)
                {
                    results.Add(result);
                }

                if (page.Requests.Count == 0 && page.Batch.GetProperty("runningRequests").GetInt64() == 0)
                {
                    return;
                }
            }
        })));
        await Task.WhenAll(readers).WithDeadlineAsync("everything is read");

        AssertAllOnce(batch, [.. results]);
        await Eventually.BeTrueAsync(
            () => Query(group, "SELECT received FROM batch.batches") == $"{Count}"
                && Query(group, "SELECT count(*) FROM batch.deliveries") == "0",
            "the mark moves to the end");
    }

    [PostgresFact]
    public async Task Stream_AtAnotherGateway_BringsResultsAsTheyCome()
    {
        var go = new SemaphoreSlim(0);
        await using var api = await TestApi.StartAsync(async context =>
        {
            await go.WaitAsync(context.RequestAborted);
            await EchoAsync(context);
        });
        using var group = new GatewayGroup(api);
        var gateways = await StartAsync(group, 2);
        var batch = await gateways[0].Rest.SubmitPathsAsync(["one", "two"]);
        var reading = gateways[1].Rest.GetAsync($"{batch.Path}/results");
        go.Release();
        await gateways[1].Rest.WaitForRunningAsync(batch.Id, 1);
        Assert.False(reading.IsCompleted);
        go.Release();

        var text = (await reading.WithDeadlineAsync("the stream ends")).Text;

        Assert.Equal(2, text.Split('\n').Count(line => line.Contains("\"Request\"", StringComparison.Ordinal)));
    }

    [PostgresFact]
    public async Task Cancel_AtAnotherGateway_EndsAllRequestsSoon()
    {
        await using var api = await TestApi.StartAsync(async context =>
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted));
        using var group = new GatewayGroup(api);
        var gateways = await StartAsync(group, 2);
        var small = await gateways[0].Rest.SubmitPathsAsync(["one"]);
        var large = await gateways[0].Rest.SubmitPathsAsync(Paths());
        await Eventually.BeTrueAsync(() => CountHolders(group) == 2 && api.Requests.Count > 1, "both run");

        foreach (var batch in (SubmittedBatch[])[small, large])
        {
            (await gateways[1].Rest.PostAsync("", $"{batch.Path}/cancel")).Success();
            await gateways[0].Rest.WaitUntilDoneAsync(batch.Id);
        }

        Assert.Equal(Count, (await ReadAllAsync(gateways[0].Rest, large)).Count);
    }

    [PostgresFact]
    public async Task Kill_OfOneOfThree_TheOthersFinishWhatItHeld()
    {
        var isDead = new TaskCompletionSource();
        var seen = 0;
        await using var api = await TestApi.StartAsync(async context =>
        {
            if (context.Request.Method == "POST" || Interlocked.Increment(ref seen) > Count / 3)
            {
                await isDead.Task.WaitAsync(context.RequestAborted);
            }

            await EchoAsync(context);
        });
        using var group = new GatewayGroup(api);
        var gateways = await StartAsync(group, 3);
        var unsafeOne = await gateways[0].Rest.SubmitAsync("""[{"path": "post", "method": "POST", "body": {}}]""");
        await Eventually.BeTrueAsync(() => api.Requests.Count == 1, "the unsafe request is in flight");
        var batch = await gateways[1].Rest.SubmitPathsAsync(Paths());
        await Eventually.BeTrueAsync(() => CountHolders(group) == 3 && Volatile.Read(ref seen) > Count / 3, "all hold some of it");

        await gateways[0].KillAsync();
        isDead.SetResult();
        await gateways[1].Rest.WaitUntilDoneAsync(batch.Id);
        await gateways[2].Rest.WaitUntilDoneAsync(unsafeOne.Id);

        AssertAllOnce(batch, await ReadAllAsync(gateways[2].Rest, batch));
        var interrupted = Assert.Single((await gateways[1].Rest.GetAsync(unsafeOne.Path)).Success().Requests);
        Assert.Equal("INTERRUPTED", interrupted.GetProperty("response").GetProperty("error").GetString());
        Assert.Single(api.Requests, request => request.Method == "POST");
        gateways[1].AssertNoErrors();
        gateways[2].AssertNoErrors();
    }

    [PostgresFact]
    public async Task Stop_LongerThanTheLease_TheZombieStoresNothing()
    {
        var answers = new TaskCompletionSource();
        await using var api = await TestApi.StartAsync(async context =>
        {
            await answers.Task.WaitAsync(context.RequestAborted);
            await EchoAsync(context);
        });
        using var group = new GatewayGroup(api);
        var gateways = await StartAsync(group, 2);
        var zombie = gateways[0];
        var batch = await zombie.Rest.SubmitPathsAsync(Paths());
        await Eventually.BeTrueAsync(() => CountHolders(group) == 2 && api.Requests.Count > 1, "both run it");
        await zombie.SuspendAsync();
        await Eventually.BeTrueAsync(
            () => Query(group, "SELECT count(*) FROM batch.gateways WHERE dead") == "1", "the other takes it for dead");

        // The zombie finds its answers when it wakes.
        answers.SetResult();
        await gateways[1].Rest.WaitUntilDoneAsync(batch.Id);
        var results = await ReadAllAsync(gateways[1].Rest, batch);
        await zombie.ResumeAsync();

        Assert.Equal(75, await zombie.WaitForExitAsync());
        AssertAllOnce(batch, results);
        Assert.Equal($"{Count}", Query(group, "SELECT sum(result_count) FROM batch.result_segments"));
        await zombie.RestartAsync();
        await GatewayGroup.WaitUntilActiveAsync(zombie);
        await zombie.Rest.RunAsync("""{"path": "after"}""");
        gateways[1].AssertNoErrors();
    }

    [PostgresFact]
    public async Task MaxConcurrencyTotal_TwoGateways_EachHasItsPart()
    {
        var (now, most) = (0, 0);
        var go = new TaskCompletionSource();
        await using var api = await TestApi.StartAsync(async context =>
        {
            var running = Interlocked.Increment(ref now);
            InterlockedMax(ref most, running);
            await go.Task.WaitAsync(context.RequestAborted);
            await EchoAsync(context);
            Interlocked.Decrement(ref now);
        });
        using var group = new GatewayGroup(api)
        {
            Settings =
            [
                ("Batch:Upstreams:0:Prefix", "/"),
                ("Batch:Upstreams:0:BaseAddress", api.Address),
                ("Batch:Upstreams:0:OwnerPercent", "100"),
                ("Batch:Upstreams:0:MaxConcurrencyTotal", "5"),
            ],
        };
        var gateways = await StartAsync(group, 2);
        var batch = await gateways[0].Rest.SubmitPathsAsync(Paths());
        await Eventually.BeTrueAsync(() => CountHolders(group) == 2 && Volatile.Read(ref now) == 5, "all places are taken");
        go.SetResult();
        await gateways[1].Rest.WaitUntilDoneAsync(batch.Id);

        Assert.Equal(5, most);
    }

    private static void InterlockedMax(ref int target, int value)
    {
        for (var before = Volatile.Read(ref target); value > before;)
        {
            before = Interlocked.CompareExchange(ref target, value, before) is var seen && seen == before ? value : seen;
        }
    }

    private static IEnumerable<string> Paths() => Enumerable.Range(0, Count).Select(i => $"item/{i}");

    private static Task EchoAsync(Microsoft.AspNetCore.Http.HttpContext context) =>
        TestApi.JsonAsync(context, $$"""{"path":"{{context.Request.Path}}"}""");

    private static async Task<List<GatewayProcess>> StartAsync(GatewayGroup group, int count)
    {
        var gateways = new List<GatewayProcess>();
        for (var i = 0; i < count; i++)
        {
            gateways.Add(await group.StartAsync());
            await GatewayGroup.WaitUntilActiveAsync(gateways[i]);
        }

        return gateways;
    }

    private static string Query(GatewayGroup group, string sql) => PostgresServer.Shared.Query(group.Database, sql);

    private static int CountHolders(GatewayGroup group) => int.Parse(
        Query(group, "SELECT count(DISTINCT gateway_id) FROM batch.request_runs"), System.Globalization.CultureInfo.InvariantCulture);

    private static async Task<List<JsonElement>> ReadAllAsync(RestClient caller, SubmittedBatch batch)
    {
        var results = new List<JsonElement>();
        while ((await caller.GetAsync(batch.Path)).Success().Requests is { Count: > 0 } page)
        {
            results.AddRange(page);
        }

        return results;
    }

    private static void AssertAllOnce(SubmittedBatch batch, List<JsonElement> results)
    {
        Assert.Equal(Count, results.Count);
        var paths = results.ToDictionary(
            result => result.GetProperty("id").GetString()!,
            result => result.GetProperty("response").TryGetProperty("path", out var path) ? path.GetString() : result.GetRawText());
        Assert.Equal(Enumerable.Range(0, Count).Select(i => $"/item/{i}"), batch.RequestIds.Select(id => paths[id]));
    }
}
