using System.Diagnostics;
using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Http;

namespace Batching.Server.Tests.Spawning;

/// <summary>A query of very many pages, each of which would be large if it were stored whole.</summary>
[Collection(SharedSpawningGateway.Name)]
public sealed class FanOutTests(SpawningFixture fixture)
{
    private const int Pages = 10_000;
    private const long MemoryBytes = 350L << 20;

    private static readonly string Headers = $$"""{"X-Large": "{{new string('h', 16_000)}}"}""";

    // Nothing but the first page is answered: what the gateway holds is what it has made of it.
    [Theory]
    [InlineData("", 60L << 20)]
    [InlineData("100000000", 60L << 20)]
    public async Task Post_SmallWithAHugeTotal_TakesLittleAndHoldsUpNobody(string maxStoreBytes, long diskBytes)
    {
        await using var gateway = await GatewayProcess.StartAsync(
            [("Batch:Upstream", fixture.Api.Address), .. StoreLimit(maxStoreBytes)]);
        using var huge = new WalkClient(gateway.Address, "huge");
        using var other = new WalkClient(gateway.Address, "other");
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var path = fixture.Api.Serve(Answer(async context =>
        {
            held.TrySetResult();
            await gate.Task.WaitAsync(context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }));
        var small = fixture.Api.Serve(context => context.Response.WriteAsync("hello"));

        var batch = await huge.SubmitAsync(Spawner(path));
        var slowest = TimeSpan.Zero;
        for (var i = 0; i < 50; i++)
        {
            var started = Stopwatch.StartNew();
            var (status, _) = await other.PostAsync($$"""[{"path": "{{small}}"}]""");
            Assert.Equal(HttpStatusCode.OK, status);
            slowest = slowest > started.Elapsed ? slowest : started.Elapsed;
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }

        await held.Task.WaitAsync(Eventually.Deadline);
        Assert.InRange(gateway.PeakMemoryBytes, 1, MemoryBytes);
        Assert.InRange(gateway.StoreBytes, 1, diskBytes);
        Assert.InRange(slowest, TimeSpan.Zero, TimeSpan.FromSeconds(2));
        var running = (await huge.GetAsync($"{batch.GetProperty("id").GetString()}/status")).GetProperty("Batch");
        Assert.InRange(running.GetProperty("runningRequests").GetInt32(), 1, 1_000);

        await huge.DeleteAsync(batch.GetProperty("id").GetString()!);
        gate.SetResult();
        Assert.Equal(HttpStatusCode.OK, (await other.PostAsync($$"""[{"path": "{{small}}"}]""")).Status);
        Assert.Empty(gateway.Errors);
    }

    [Fact]
    public async Task Post_SmallWithAHugeTotal_DeliversEveryPageInAStoreOfTheirSize()
    {
        const int pages = 3_000;
        await using var gateway = await GatewayProcess.StartAsync(
            [("Batch:Upstream", fixture.Api.Address), .. StoreLimit("20000000")]);
        using var rest = new WalkClient(gateway.Address);
        var path = fixture.Api.Serve(Answer(_ => Task.CompletedTask));

        var batch = await rest.SubmitAsync(Spawner(path, pages));
        var results = await rest.CollectAsync(batch.GetProperty("id").GetString()!);

        Assert.Equal(pages + 2, results.Count);
        Assert.Equal(
            Enumerable.Range(1, pages + 1),
            results.Skip(1).Select(page => page.GetProperty("params").GetProperty("page").GetInt32()).Order());
        Assert.Equal(502, Assert.Single(
            results, result => result.GetProperty("responseStatusCode").GetInt32() != 200).GetProperty("responseStatusCode").GetInt32());
        Assert.InRange(gateway.PeakMemoryBytes, 1, MemoryBytes);
        Assert.Empty(gateway.Errors);
    }

    [Fact]
    public async Task Expiry_OfAQueryInAStoreThatCouldNotHoldIt_ComesInTime()
    {
        await using var gateway = await GatewayProcess.StartAsync(
            [
                ("Batch:Upstreams:0:BaseAddress", fixture.Api.Address),
                ("Batch:Upstreams:0:Timeout", "01:00:00"),
                ("Batch:Retention:Responses", "00:00:04"),
                .. StoreLimit("20000000"),
            ]);
        using var rest = new WalkClient(gateway.Address);
        var path = fixture.Api.Serve(Answer(context => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted)
            .ContinueWith(_ => { }, TaskScheduler.Default)));

        var batch = await rest.SubmitAsync(Spawner(path));
        var id = batch.GetProperty("id").GetString();
        await Eventually.BeTrueAsync(
            async () => (await rest.GetAsync($"{id}/status")).GetProperty("Batch") is var status
                && status.GetProperty("state").GetString() == "EXPIRED"
                && status.GetProperty("runningRequests").GetInt32() == 0,
            "the expiry");

        Assert.Equal(HttpStatusCode.OK, (await rest.PostAsync("""[{"path": "nothing"}]""")).Status);
        Assert.Empty(gateway.Errors);
    }

    private static RequestDelegate Answer(Func<HttpContext, Task> others) => async context =>
    {
        if (context.Request.Query["page"] != "1")
        {
            await others(context);
        }

        if (!context.RequestAborted.IsCancellationRequested)
        {
            await context.Response.WriteAsync($$"""{"items": [{{context.Request.Query["page"]}}], "total": 1000000000}""");
        }
    };

    private static string Spawner(string path, int pages = Pages) => string.Create(CultureInfo.InvariantCulture, $$"""
        [{"path": "{{path}}", "spawner": true, "headers": {{Headers}},
          "pagination": {"style": "page", "page_size": 1, "total_pointer": "/total", "max_pages": {{pages}} } }]
        """);

    private static (string Key, string Value)[] StoreLimit(string bytes) =>
        bytes.Length > 0 ? [("Batch:MaxStoreBytes", bytes)] : [];
}
