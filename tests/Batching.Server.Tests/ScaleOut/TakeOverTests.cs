using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using Batching.Server.Tests.Infrastructure;
using Xunit.Abstractions;

namespace Batching.Server.Tests.ScaleOut;

/// <summary>Two gateways on one PostgreSQL, of which the active one ends in some way.</summary>
public sealed class TakeOverTests(ITestOutputHelper output)
{
    // A lease of 6 s is taken over within 10 s. A machine that is busy with other tests takes its time for everything.
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(40);

    private const int Count = 300;

    // What one owner gets of 64 places.
    private const int Places = 48;

    [PostgresFact]
    public async Task Kill_WhileABatchRuns_TheOtherFinishesIt()
    {
        var seen = 0;
        var isDead = new TaskCompletionSource();
        var credentials = new ConcurrentDictionary<string, int>();
        await using var api = await TestApi.StartAsync(async context =>
        {
            credentials.AddOrUpdate(context.Request.Headers.Authorization.ToString(), 1, (_, count) => count + 1);
            if (context.Request.Method == "POST" || Interlocked.Increment(ref seen) > Count / 2)
            {
                await isDead.Task;
            }

            await TestApi.JsonAsync(context, $$"""{"path":"{{context.Request.Path}}"}""");
        });
        using var group = new GatewayGroup(api) { Sharing = false };
        var first = await group.StartAsync();
        var second = await group.StartAsync();
        using var caller = new RestClient(first.Address, "Bearer a-token-that-nobody-may-read");
        using var later = new RestClient(second.Address, "Bearer a-token-that-nobody-may-read");
        var unsafeOne = await caller.SubmitAsync("""[{"path": "post", "method": "POST", "body": {}}]""");
        await Eventually.BeTrueAsync(() => api.Requests.Count == 1, "the unsafe request is in flight");
        var batch = await caller.SubmitPathsAsync(Enumerable.Range(0, Count).Select(i => $"item/{i}"));
        await Eventually.BeTrueAsync(() => Volatile.Read(ref seen) > Count / 2, "half of the requests are made");
        await caller.WaitForRunningAsync(batch.Id, Count - (Count / 4));
        var dump = PostgresServer.Shared.Dump(group.Database);

        await first.KillAsync();
        var taken = Stopwatch.StartNew();
        await GatewayGroup.WaitUntilActiveAsync(second);
        output.WriteLine($"Taken over after {taken.Elapsed.TotalSeconds:F1} s.");
        Assert.InRange(taken.Elapsed, TimeSpan.Zero, Longest);
        isDead.SetResult();

        await later.WaitUntilDoneAsync(batch.Id);
        await later.WaitUntilDoneAsync(unsafeOne.Id);
        AssertAllOnce(batch, await ReadAllAsync(later, batch));
        var interrupted = Assert.Single((await later.GetAsync(unsafeOne.Path)).Success().Requests);
        Assert.Equal("INTERRUPTED", interrupted.GetProperty("response").GetProperty("error").GetString());

        // What it sends it has decrypted with keys of the store, where nothing can be read without the operator's.
        Assert.Equal("Bearer a-token-that-nobody-may-read", Assert.Single(credentials.Keys));
        Assert.DoesNotContain("a-token-that-nobody-may-read", dump, StringComparison.Ordinal);
        Assert.DoesNotContain(Hex("a-token-that-nobody-may-read"), dump, StringComparison.Ordinal);
        Assert.DoesNotContain(Hex("masterKey"), dump, StringComparison.Ordinal);
        second.AssertNoErrors();
    }

    [PostgresFact]
    public async Task Stop_LongerThanTheLease_TheZombieBeginsAndStoresNothing()
    {
        var answers = new TaskCompletionSource();
        await using var api = await TestApi.StartAsync(async context =>
        {
            await answers.Task;
            await TestApi.JsonAsync(context, $$"""{"path":"{{context.Request.Path}}"}""");
        });
        using var group = new GatewayGroup(api) { Sharing = false };
        var zombie = await group.StartAsync();
        var second = await group.StartAsync();
        var batch = await zombie.Rest.SubmitPathsAsync(Enumerable.Range(0, Count).Select(i => $"item/{i}"));

        // All that it may have under way: a call that was begun and has not left yet would leave when it wakes.
        await Eventually.BeTrueAsync(() => api.Requests.Count >= Places, "requests are in flight");
        await zombie.SuspendAsync();
        await GatewayGroup.WaitUntilActiveAsync(second);

        // The zombie finds all its answers when it wakes, and has requests waiting for the places of those.
        answers.SetResult();
        await second.Rest.WaitUntilDoneAsync(batch.Id);
        var results = await ReadAllAsync(second.Rest, batch);
        var calls = api.Requests.Count;
        await zombie.ResumeAsync();

        Assert.Equal(75, await zombie.WaitForExitAsync());
        Assert.Contains("Another gateway has taken over the store", zombie.Output, StringComparison.Ordinal);
        Assert.Equal(calls, api.Requests.Count);
        AssertAllOnce(batch, results);
        var again = (await second.Rest.GetAsync($"{batch.Path}/results?after=0")).Text;
        Assert.Equal(Count, again.Split('\n').Count(line => line.Contains("\"Request\"", StringComparison.Ordinal)));
        second.AssertNoErrors();

        // What runs it starts it again: it stands by.
        await zombie.RestartAsync();
        Assert.Equal(503, (await zombie.Rest.GetAsync("/healthz")).Status);
        await second.KillAsync();
        await GatewayGroup.WaitUntilActiveAsync(zombie);
        AssertAllOnce(batch, [.. (await zombie.Rest.GetAsync($"{batch.Path}?after=0")).Success().Requests]);
    }

    [PostgresFact]
    public async Task DatabaseStops_AndStartsAgain_EverythingGoesOn()
    {
        using var server = PostgresServer.StartOwn();
        var release = new SemaphoreSlim(Count / 2);
        await using var api = await TestApi.StartAsync(async context =>
        {
            await release.WaitAsync(context.RequestAborted);
            await TestApi.JsonAsync(context, $$"""{"path":"{{context.Request.Path}}"}""");
        });
        using var group = new GatewayGroup(api, server) { Sharing = false };
        var gateway = await group.StartAsync();
        var batch = await gateway.Rest.SubmitPathsAsync(Enumerable.Range(0, Count).Select(i => $"item/{i}"));
        await gateway.Rest.WaitForRunningAsync(batch.Id, Count - (Count / 4));

        server.StopImmediately();
        release.Release(Count / 4);
        await Eventually.BeTrueAsync(
            async () => (await gateway.Rest.GetAsync("/healthz")).Status == 503, "the gateway says that it can't go on");
        var refused = await gateway.Rest.PostAsync("""[{"path": "late"}]""");
        Assert.Equal(503, refused.Status);
        Assert.NotNull(refused.Headers.RetryAfter);
        Assert.Equal(200, (await gateway.Rest.GetAsync("/healthz/live")).Status);
        server.Start();
        release.Release(Count);

        await GatewayGroup.WaitUntilActiveAsync(gateway);
        await gateway.Rest.WaitUntilDoneAsync(batch.Id);
        AssertAllOnce(batch, await ReadAllAsync(gateway.Rest, batch));
        Assert.DoesNotContain(api.Requests, request => request.Target.Contains("late", StringComparison.Ordinal));
        await gateway.Rest.RunAsync("""{"path": "after"}""");
    }

    [PostgresFact]
    public async Task GracefulStop_OfTheActiveOne_HandsOverAtOnce()
    {
        await using var api = await TestApi.StartAsync();

        // Nobody waits for the end of this one.
        using var group = new GatewayGroup(api) { Sharing = false, Lease = TimeSpan.FromMinutes(1) };
        var first = await group.StartAsync();
        var second = await group.StartAsync();
        await first.Rest.RunAsync("""{"path": "one"}""");
        await first.TerminateAsync();
        Assert.Equal(0, await first.WaitForExitAsync());
        var taken = Stopwatch.StartNew();

        await GatewayGroup.WaitUntilActiveAsync(second);

        output.WriteLine($"Taken over {taken.Elapsed.TotalSeconds:F2} s after the end.");
        Assert.InRange(taken.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(30));
        await second.Rest.RunAsync("""{"path": "two"}""");
        first.AssertNoErrors();
        second.AssertNoErrors();
    }

    private static string Hex(string text) => Convert.ToHexStringLower(System.Text.Encoding.UTF8.GetBytes(text));

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
        var paths = results.ToDictionary(
            result => result.GetProperty("id").GetString()!,
            result => result.GetProperty("response").TryGetProperty("path", out var path) ? path.GetString() : result.GetRawText());
        Assert.Equal(Enumerable.Range(0, Count).Select(i => $"/item/{i}"), batch.RequestIds.Select(id => paths[id]));
        Assert.Equal(Count, results.Count);
    }
}
