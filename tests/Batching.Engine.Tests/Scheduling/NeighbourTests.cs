using System.Globalization;
using Batching.Engine.Configuration;
using Batching.Engine.Keyed;
using Batching.Engine.Model;
using Batching.Engine.Scheduling;
using Batching.Engine.Tests.Infrastructure;
using Batching.V1;

namespace Batching.Engine.Tests.Scheduling;

/// <summary>
/// What becomes of an owner's calls while those of another go wrong. The clock stands still unless a test moves it, so that
/// nothing here is done because somebody's calls have timed out.
/// </summary>
public sealed class NeighbourTests : IDisposable
{
    private static readonly Caller Carol = new("carol", null);

    private readonly TemporaryDirectory _directory = new();
    private readonly Gate _gate = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Run_OneOwnersCallsHang_AnothersAreAnswered()
    {
        await using var upstream = await StartAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream, concurrency: 64);
        await engine.SubmitAsync(EngineHost.Gets(1_000, "hang"));
        await _gate.UntilEnteredAsync(40);

        await RunAsync(engine, EngineHost.Bob, 64);
        await RunAsync(engine, Carol, 64);
    }

    // They would fill what may wait in memory several times over.
    [Fact]
    public async Task Run_OneOwnersManyBatchesHang_AnothersFindRoomToWait()
    {
        await using var upstream = await StartAsync();
        await using var engine = await EngineHost.StartAsync(_directory, options =>
        {
            EngineHost.Upstream(upstream.Url, concurrency: 8)(options);
            options.Limits.WaitingBytes = 1 << 20;
        });
        var text = new string('x', 5_000);
        for (var i = 0; i < 40; i++)
        {
            await engine.SubmitAsync([.. Enumerable.Range(0, 20).Select(i => EngineHost.Post("/hang", text))]);
        }

        // As many as find room beside what is kept for others, of 6 KiB and a little more each.
        await Eventually.BeTrueAsync(() => engine.Get<CallQueues>().All.First().Waiting > 85, "what waits");
        await RunAsync(engine, EngineHost.Bob, 200);
        await RunAsync(engine, Carol, 200);
    }

    [Fact]
    public async Task Run_OneOwnersCallsTimeOutAgainAndAgain_AnothersAreAnsweredMeanwhile()
    {
        await using var upstream = await StartAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream, concurrency: 16);
        await engine.SubmitAsync(EngineHost.Gets(1_000, "hang"));
        var entered = 0;
        for (var wave = 1; wave <= 4; wave++)
        {
            await _gate.UntilEnteredAsync(entered + 1);
            await RunAsync(engine, EngineHost.Bob, 64);

            // Counted before: the next ones come as soon as these are over.
            entered = _gate.Entered;
            engine.Time.Advance(TimeSpan.FromSeconds(30));
        }
    }

    [Fact]
    public async Task Run_OneOwnersKeyedCallsHang_AnothersAreAnswered()
    {
        await using var upstream = await StartAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream, concurrency: 16);
        using var gone = new CancellationTokenSource();
        var hanging = RunKeyedAsync(engine, EngineHost.Alice, 40, "hang", gone.Token);
        await _gate.UntilEnteredAsync(10);

        using var reply = await Eventually.WithDeadlineAsync(
            RunKeyedAsync(engine, EngineHost.Bob, 20, "items", default), "another owner's keyed batch");

        Assert.All(reply.Response.Replies, entry => Assert.Equal(200, entry.Response.StatusCode));
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => hanging);
    }

    [Fact]
    public async Task Run_RetryAfterForOneOwner_AnothersGoOn()
    {
        await using var upstream = await StartAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream, concurrency: 4);
        await RefuseAsync(engine, EngineHost.Alice);
        var waiting = await engine.SubmitAsync(EngineHost.Gets(1, "alice"));

        await RunAsync(engine, EngineHost.Bob, 64);

        Assert.DoesNotContain(upstream.Requests, call => call.Target.StartsWith("/alice", StringComparison.Ordinal));
        engine.Time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(200, Assert.Single(await engine.ResultsAsync(waiting.Id)).Response.StatusCode);
    }

    [Fact]
    public async Task Run_RetryAfterForSeveralOwners_KeepsAllWaiting()
    {
        await using var upstream = await StartAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream, concurrency: 4);
        await RefuseAsync(engine, EngineHost.Alice);
        await RefuseAsync(engine, EngineHost.Bob);
        await AssertPausedAsync(engine, upstream, Carol);
    }

    [Fact]
    public async Task Run_FailuresOfOneOwner_LeaveAnotherItsPlaces()
    {
        await using var upstream = await StartAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream, concurrency: 16);
        for (var i = 0; i < 4; i++)
        {
            engine.Time.Advance(TimeSpan.FromSeconds(1));
            await engine.UntilDoneAsync((await engine.SubmitAsync([EngineHost.Post($"/ill/{i}")])).Id);
        }

        await engine.SubmitAsync(EngineHost.Gets(20, "hang"), EngineHost.Bob);
        await _gate.UntilEnteredAsync(12);
    }

    // Alone, an owner has what the upstream takes but for a reserve, and gets it all where there is to be none.
    [Theory]
    [InlineData(75, 12)]
    [InlineData(50, 8)]
    [InlineData(100, 16)]
    public async Task Run_OneOwnerAlone_HasItsPercentageOfThePlaces(int percent, int places)
    {
        await using var upstream = await StartAsync();
        await using var engine = await StartAsync(upstream, options => options.OwnerPercent = percent);
        await engine.SubmitAsync(EngineHost.Gets(50, "hang"));
        await _gate.UntilEnteredAsync(places);
        Assert.Equal((places, places), (engine.Get<CallQueues>().All.First().InFlight, _gate.Entered));
    }

    [Fact]
    public async Task Run_RetryAfterWhereTheApiLimitsByAddress_KeepsAllWaitingAtOnce()
    {
        await using var upstream = await StartAsync();
        await using var engine = await StartAsync(upstream, options => options.LimitsByAddress = true);
        await RefuseAsync(engine, EngineHost.Alice);
        await AssertPausedAsync(engine, upstream, EngineHost.Bob);
    }

    private Task<EngineHost> StartAsync(TestApi upstream, Action<UpstreamOptions> configure) =>
        EngineHost.StartAsync(_directory, options =>
        {
            EngineHost.Upstream(upstream.Url, 16)(options);
            configure(options.Upstreams[0]);
        });

    // /hang never answers, /ill is 503, /limited asks for half a minute; everything else is answered at once.
    private Task<TestApi> StartAsync() => TestApi.StartAsync(context =>
    {
        switch (context.Request.Path.Value!.Split('/')[1])
        {
            case "hang":
                return _gate.PassAsync(context);
            case "ill":
                context.Response.StatusCode = 503;
                return Task.CompletedTask;
            case "limited":
                context.Response.StatusCode = 429;
                context.Response.Headers.RetryAfter = "30";
                return Task.CompletedTask;
            default:
                return TestApi.EchoAsync(context);
        }
    });

    private static async Task RunAsync(EngineHost engine, Caller caller, int count)
    {
        var batch = await engine.SubmitAsync(EngineHost.Gets(count), caller);
        Assert.All(
            await engine.ResultsAsync(batch.Id, caller), result => Assert.Equal(200, result.Response.StatusCode));
    }

    // Not repeated: the 429 is its result.
    private static async Task RefuseAsync(EngineHost engine, Caller caller)
    {
        var batch = await engine.SubmitAsync([EngineHost.Post("/limited")], caller);
        Assert.Equal(429, Assert.Single(await engine.ResultsAsync(batch.Id, caller)).Response.StatusCode);
    }

    private static async Task AssertPausedAsync(EngineHost engine, TestApi upstream, Caller caller)
    {
        var batch = await engine.SubmitAsync(EngineHost.Gets(1), caller);
        await Eventually.BeTrueAsync(() => engine.Get<CallQueues>().All.First().Waiting == 1, "the wait for the end of the pause");
        engine.Time.Advance(TimeSpan.FromSeconds(29));
        Assert.DoesNotContain(upstream.Requests, call => call.Target.StartsWith("/items", StringComparison.Ordinal));
        engine.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(200, Assert.Single(await engine.ResultsAsync(batch.Id, caller)).Response.StatusCode);
    }

    private static async Task<KeyedBatchReply> RunKeyedAsync(
        EngineHost engine, Caller caller, int count, string prefix, CancellationToken cancellationToken)
    {
        var batch = new RunBatchRequest();
        for (var i = 0; i < count; i++)
        {
            batch.Calls.Add(new KeyedRequest
            {
                Key = i.ToString(CultureInfo.InvariantCulture),
                Request = new Request { Path = $"/{prefix}/{i}" },
            });
        }

        var answer = await engine.Get<KeyedBatchRunner>().RunAsync(
            caller, batch, cancellationToken);
        Assert.True(answer.Succeeded, answer.Refusal?.Message);
        return answer.Value;
    }
}
