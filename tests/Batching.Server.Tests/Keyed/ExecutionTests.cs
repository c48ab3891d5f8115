using System.Net;
using System.Text;
using System.Text.Json;

namespace Batching.Server.Tests.Keyed;

/// <summary>How calls run: side by side, within their limits, and no longer than somebody waits for them.</summary>
public sealed class ExecutionTests : IAsyncLifetime
{
    private KeyedApi _api = null!;

    public async Task InitializeAsync() => _api = (await KeyedApi.StartAsync()).Map("/text", 200, "text/plain", "text");

    public Task DisposeAsync() => _api.DisposeAsync().AsTask();

    [Fact]
    public async Task Run_40Calls_Runs32AtATime()
    {
        await using var gateway = await KeyedGateway.StartAsync(_api.Address);
        var running = gateway.PostAsync(HeldCalls(40));
        await Eventually.BeTrueAsync(() => _api.Held == 32, "32 calls are under way");
        _api.Release();
        var reply = KeyedReplies.Parse(await running);

        Assert.Equal(32, _api.MostHeld);
        Assert.Equal(Enumerable.Range(0, 40).Select(i => $"k{i}"), reply.EnumerateObject().Select(entry => entry.Name));
        Assert.All(reply.EnumerateObject(), entry => Assert.Equal(200, entry.Value.Status()));
    }

    [Fact]
    public async Task Run_BesideAStoredBatch_SharesThePlacesOfTheUpstream()
    {
        await using var gateway = await KeyedGateway.StartAsync(_api.Address, "Batch:Upstreams:0:MaxConcurrency=3");
        using var stored = await gateway.Client.PostAsync(
            "/api/v0/batch", new StringContent("""[{"path": "held/s1"}, {"path": "held/s2"}]""", Encoding.UTF8));
        Assert.Equal(HttpStatusCode.OK, stored.StatusCode);
        await Eventually.BeTrueAsync(() => _api.Held == 2, "the stored requests are under way");
        var running = gateway.PostAsync(HeldCalls(8));
        await Eventually.BeTrueAsync(() => _api.Held == 3, "the last place is taken");
        _api.Release();
        await running;

        Assert.Equal(3, _api.MostHeld);
    }

    [Fact]
    public async Task Run_NothingStored_ListsNoBatch()
    {
        await using var gateway = await KeyedGateway.StartAsync(_api.Address);
        await gateway.PostAsync("""{"a": "/text"}""");

        Assert.Equal(
            """{"Batches":[],"statusCode":200}""", await gateway.Client.GetStringAsync(new Uri("/api/v0/batch", UriKind.Relative)));
    }

    [Fact]
    public async Task Run_CallThatHangs_Gets504AndIsCutOff()
    {
        await using var gateway = await StartWarmAsync("Batch:Keyed:CallTimeout=00:00:02");
        var reply = KeyedReplies.Parse(await gateway.PostAsync("""{"slow": "/held/1", "fast": "/text"}"""));

        Assert.Equal(504, reply.GetProperty("slow").Status());
        Assert.Equal("upstream_timeout", reply.GetProperty("slow").Code());
        Assert.Equal("The API did not answer within 2 s.", reply.GetProperty("slow").Message());
        Assert.Equal(200, reply.GetProperty("fast").Status());
        await Eventually.BeTrueAsync(() => _api.Aborted == 1, "the call is cut off");
    }

    [Fact]
    public async Task Run_BatchOutOfTime_Gives504ToWhatIsNotDone()
    {
        await using var gateway = await StartWarmAsync("Batch:Keyed:Timeout=00:00:02", "Batch:Keyed:Parallelism=2");
        var reply = KeyedReplies.Parse(await gateway.PostAsync(
            """{"fast": "/text", "slow": "/held/1", "slow2": "/held/2", "waiting": "/text"}"""));

        Assert.Equal(200, reply.GetProperty("fast").Status());
        foreach (var key in new[] { "slow", "slow2", "waiting" })
        {
            Assert.Equal(504, reply.GetProperty(key).Status());
            Assert.Equal("batch_timeout", reply.GetProperty(key).Code());
            Assert.Equal(
                "The batch has to be done within 2 s; this call was not.", reply.GetProperty(key).Message());
        }

        await Eventually.BeTrueAsync(() => _api.Aborted == 2, "the calls are cut off");
        Assert.Equal(4, _api.Calls.Count);
    }

    [Fact]
    public async Task Run_CallerGone_CancelsTheCalls()
    {
        await using var gateway = await KeyedGateway.StartAsync(_api.Address, "Batch:Keyed:Parallelism=2");
        using var gone = new CancellationTokenSource();
        var running = gateway.Client.PostAsync(
            KeyedGateway.BatchPath, new StringContent(HeldCalls(4), Encoding.UTF8), gone.Token);
        await Eventually.BeTrueAsync(() => _api.Held == 2, "two calls are under way");
        await gone.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        await Eventually.BeTrueAsync(() => _api.Aborted == 2, "both calls are cancelled");
        Assert.Equal(2, _api.Calls.Count);
    }

    [Fact]
    public async Task Run_GatewayStops_AnswersWithWhatIsDone()
    {
        await using var gateway = await KeyedGateway.StartAsync(
            _api.Address, "Batch:Keyed:Parallelism=2", "Batch:ShutdownGrace=00:00:00.3");
        var running = gateway.PostAsync("""{"fast": "/text", "slow": "/held/1", "slow2": "/held/2", "waiting": "/text"}""");
        await Eventually.BeTrueAsync(() => _api.Held == 2, "two calls are under way");
        await gateway.BeginStopAsync();
        var reply = KeyedReplies.Parse(await running);

        Assert.Equal(200, reply.GetProperty("fast").Status());
        foreach (var key in new[] { "slow", "slow2", "waiting" })
        {
            Assert.Equal(502, reply.GetProperty(key).Status());
            Assert.Equal("interrupted", reply.GetProperty(key).Code());
        }
    }

    [Fact]
    public async Task Run_UpstreamUnreachable_Gives502()
    {
        var address = _api.Address;
        await _api.DisposeAsync();
        await using var gateway = await KeyedGateway.StartAsync(address);
        var reply = KeyedReplies.Parse(await gateway.PostAsync("""{"a": {"url": "/text", "method": "POST"}}"""));

        Assert.Equal(502, reply.GetProperty("a").Status());
        Assert.Equal("upstream_unreachable", reply.GetProperty("a").Code());
    }

    [Fact]
    public async Task Run_ReplyLargerThanTheLimit_ReplacesWhatIsBeyondIt()
    {
        await using var gateway = await KeyedGateway.StartAsync(
            _api.Address, "Batch:Keyed:ReplyBytes=100000", "Batch:Keyed:Parallelism=1");
        var reply = KeyedReplies.Parse(await gateway.PostAsync("""{"a": "/bytes/60000", "b": "/bytes/60000", "c": "/bytes/20000"}"""));

        Assert.Equal([200, 502, 200], reply.EnumerateObject().Select(entry => entry.Value.Status()));
        Assert.Equal("reply_too_large", reply.GetProperty("b").Code());
        Assert.Equal(20_000 - 2, reply.GetProperty("c").GetProperty("data").GetString()!.Length);
    }

    [Fact]
    public async Task Run_ManyBatches_GiveTheirMemoryBack()
    {
        await using var gateway = await KeyedGateway.StartAsync(_api.Address, "Batch:Keyed:HeldBytes=1048576");
        for (var i = 0; i < 5; i++)
        {
            // The room is given back when the reply is written, which may be just after the client has read it.
            await Eventually.BeTrueAsync(
                async () => KeyedReplies.Parse(await gateway.PostAsync("""{"a": "/bytes/700000"}""")).GetProperty("a").Status() == 200,
                "there is room for a reply again");
        }

        var tooMuch = KeyedReplies.Parse(await gateway.PostAsync("""{"a": "/bytes/1100000"}"""));
        Assert.Equal("reply_too_large", tooMuch.GetProperty("a").Code());
    }

    [Fact]
    public async Task Run_CallersGoneAtAnyMoment_GiveTheirMemoryBack()
    {
        await using var gateway = await KeyedGateway.StartAsync(_api.Address, "Batch:Keyed:HeldBytes=1048576");
        var seed = Environment.TickCount;
        var random = new Random(seed);
        for (var i = 0; i < 60; i++)
        {
            using var gone = new CancellationTokenSource(TimeSpan.FromMilliseconds(random.Next(1, 15)), TimeProvider.System);
            var body = random.Next(2) == 0
                ? """{"a": "/bytes/300000", "b": "/bytes/300000"}"""
                : """{"a": "/bytes/300000", "b": "/held/1"}""";
            await gateway.Client.PostAsync(KeyedGateway.BatchPath, new StringContent(body, Encoding.UTF8), gone.Token)
                .ContinueWith(_ => { }, TaskScheduler.Default);
        }

        // Whatever was held is free again: this takes nearly all of it.
        await Eventually.BeTrueAsync(
            async () => KeyedReplies.Parse(await gateway.PostAsync("""{"a": "/bytes/1048000"}""")).GetProperty("a").Status() == 200,
            $"all memory is free again (seed {seed})");
    }

    [Fact]
    public async Task Run_LargeReplies_AreStreamed()
    {
        await using var gateway = await KeyedGateway.StartAsync(_api.Address);
        var body = JsonSerializer.Serialize(Enumerable.Range(0, 20).ToDictionary(i => $"k{i}", _ => "/bytes/1048576"));
        using var response = await gateway.Client.SendAsync(
            new HttpRequestMessage(HttpMethod.Post, KeyedGateway.BatchPath) { Content = new StringContent(body, Encoding.UTF8) },
            HttpCompletionOption.ResponseHeadersRead);

        // A reply that was put together first would know its length.
        Assert.True(response.Headers.TransferEncodingChunked);
        Assert.Null(response.Content.Headers.ContentLength);
        var reply = KeyedReplies.Parse(await response.Content.ReadAsStringAsync());
        Assert.Equal(20, reply.EnumerateObject().Count());
        Assert.All(
            reply.EnumerateObject(),
            entry => Assert.Equal((1 << 20) - 2, entry.Value.GetProperty("data").GetString()!.Length));
    }

    [Fact]
    public async Task Run_WithOtherLimits_KeepsThem()
    {
        await using var gateway = await KeyedGateway.StartAsync(_api.Address, "Batch:Keyed:Calls=2");
        var reply = await gateway.PostAsync("""{"a": "/text", "b": "/text", "c": "/text"}""", HttpStatusCode.BadRequest);

        Assert.Contains("holds 3 calls; the limit is 2", reply, StringComparison.Ordinal);
    }

    /// <summary>Starts a gateway that has run one call, so that a short time allowed is not spent on the first use of its code.</summary>
    private async Task<KeyedGateway> StartWarmAsync(params string[] settings)
    {
        var gateway = await KeyedGateway.StartAsync(_api.Address, settings);
        await gateway.PostAsync("""{"first": "/text"}""");
        return gateway;
    }

    private static string HeldCalls(int count) =>
        JsonSerializer.Serialize(Enumerable.Range(0, count).ToDictionary(i => $"k{i}", i => $"/held/{i}"));
}
