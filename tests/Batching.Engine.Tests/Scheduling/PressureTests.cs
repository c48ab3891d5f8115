using System.Globalization;
using Batching.Engine.Configuration;
using Batching.Engine.Model;
using Batching.Engine.Scheduling;
using Batching.Engine.Tests.Infrastructure;
using Batching.V1;
using Google.Protobuf;

namespace Batching.Engine.Tests.Scheduling;

/// <summary>What a struggling upstream does to the requests that wait for it, and to those that wait for another one.</summary>
public sealed class PressureTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Run_RetryAfter_NoOtherRequestIsSentAndNoDeadlineRunsUntilItIsOver()
    {
        var calls = 0;
        await using var upstream = await TestApi.StartAsync(context =>
        {
            if (Interlocked.Increment(ref calls) == 1)
            {
                context.Response.StatusCode = 429;
                context.Response.Headers.RetryAfter = "40";
            }

            return Task.CompletedTask;
        });
        await using var engine = await EngineHost.StartAsync(_directory, upstream, concurrency: 1);

        // Not repeated: the 429 is its result.
        var first = await engine.SubmitAsync([EngineHost.Post("/first")]);
        await engine.UntilDoneAsync(first.Id);
        var rest = await engine.SubmitAsync(EngineHost.Gets(3));
        await Eventually.BeTrueAsync(() => CallsOf(engine) is { InFlight: 0, Waiting: 3 }, "the wait for the end of the pause");

        // Longer than the deadline of a request, 30 s.
        engine.Time.Advance(TimeSpan.FromSeconds(39));
        Assert.Single(upstream.Requests);
        engine.Time.Advance(TimeSpan.FromSeconds(1));
        var results = await engine.ResultsAsync(rest.Id);

        Assert.All(results, result => Assert.Equal(200, result.Response.StatusCode));
        Assert.Equal(4, upstream.Requests.Count);
        Assert.Equal(429, Assert.Single(await engine.ResultsAsync(first.Id)).Response.StatusCode);
    }

    [Fact]
    public async Task Run_Refused_SendsFewerAtATimeAndRecovers()
    {
        var refusing = true;
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(async context =>
        {
            if (Volatile.Read(ref refusing))
            {
                context.Response.StatusCode = 503;
            }
            else
            {
                await gate.PassAsync(context);
            }

        });
        await using var engine = await EngineHost.StartAsync(_directory, upstream, concurrency: 16);
        for (var i = 0; i < 2; i++)
        {
            engine.Time.Advance(TimeSpan.FromSeconds(1));
            var refused = await engine.SubmitAsync([EngineHost.Post($"/refused/{i}")]);
            await engine.UntilDoneAsync(refused.Id);
        }

        Assert.Equal(3, CallsOf(engine).Limit);
        Volatile.Write(ref refusing, false);
        var batch = await engine.SubmitAsync(EngineHost.Gets(300));
        await gate.UntilEnteredAsync(3);
        Assert.Equal(3, CallsOf(engine).InFlight);
        Assert.Equal(3, gate.Entered);

        gate.Open();
        await engine.UntilDoneAsync(batch.Id);
        Assert.Equal(16, CallsOf(engine).Limit);
    }

    // An API that can't keep up refuses everybody.
    [Fact]
    public async Task Run_SeveralOwnersRefused_SendsFewerOfAllAtATimeAndRecovers()
    {
        var refusing = true;
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(async context =>
        {
            if (Volatile.Read(ref refusing))
            {
                context.Response.StatusCode = 503;
            }
            else
            {
                await gate.PassAsync(context);
            }
        });
        await using var engine = await EngineHost.StartAsync(_directory, upstream, concurrency: 16);
        var owners = Enumerable.Range(0, 8).Select(i => new Caller($"owner {i}", null)).ToArray();
        foreach (var owner in owners)
        {
            engine.Time.Advance(TimeSpan.FromMilliseconds(1));
            var refused = await engine.SubmitAsync([EngineHost.Post("/refused")], owner);
            await engine.UntilDoneAsync(refused.Id, owner);
        }

        Assert.Equal(1, CallsOf(engine).Limit);
        Volatile.Write(ref refusing, false);
        var batches = new List<string>();
        foreach (var owner in owners)
        {
            batches.Add((await engine.SubmitAsync(EngineHost.Gets(100), owner)).Id);
        }

        await gate.UntilEnteredAsync(1);
        await Eventually.BeTrueAsync(() => CallsOf(engine).Waiting > 400, "what waits");
        Assert.Equal((1, 1), (CallsOf(engine).InFlight, gate.Entered));
        gate.Open();
        foreach (var (owner, id) in owners.Zip(batches))
        {
            await engine.UntilDoneAsync(id, owner);
        }

        Assert.Equal(16, CallsOf(engine).Limit);
    }

    [Fact]
    public async Task Run_StormOfOneOwner_LeavesNothingBehind()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(context =>
            context.Request.Path.StartsWithSegments("/hang") ? gate.PassAsync(context) : TestApi.EchoAsync(context));
        await using var engine = await EngineHost.StartAsync(_directory, upstream, concurrency: 16);
        var storm = await engine.SubmitAsync(EngineHost.Gets(12, "hang"));
        await gate.UntilEnteredAsync(12);
        engine.Time.Advance(TimeSpan.FromSeconds(30));
        await engine.UntilDoneAsync(storm.Id);
        Assert.Equal((6, 1), (CallsOf(engine).Limit, CallsOf(engine).Owners));

        await Eventually.BeTrueAsync(() => CallsOf(engine).InFlight == 0, "no call under way");
        engine.Time.Advance(TimeSpan.FromMinutes(1));
        await Eventually.BeTrueAsync(() => CallsOf(engine) is { Owners: 0, Limit: 16 }, "the storm being forgotten");
    }

    [Fact]
    public async Task Run_NoAnswerInTime_HalvesThePlacesOfItsOwner()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(gate.PassAsync);
        await using var engine = await EngineHost.StartAsync(_directory, upstream, concurrency: 8);
        engine.Time.Advance(TimeSpan.FromSeconds(1));
        var batch = await engine.SubmitAsync([EngineHost.Post("/slow")]);
        await gate.UntilEnteredAsync(1);
        engine.Time.Advance(TimeSpan.FromSeconds(30));

        Assert.Equal(504, Assert.Single(await engine.ResultsAsync(batch.Id)).Response.StatusCode);
        Assert.Equal(3, CallsOf(engine).Limit);
        gate.Open();
    }

    [Fact]
    public async Task Run_WaitsForAnotherAttempt_LeavesItsPlaceToOthers()
    {
        await using var upstream = await TestApi.StartAsync(context =>
        {
            context.Response.StatusCode = context.Request.Path == "/ill/0" ? 502 : 200;
            return Task.CompletedTask;
        });
        await using var engine = await EngineHost.StartAsync(_directory, upstream, concurrency: 4);
        var ill = await engine.SubmitAsync(EngineHost.Gets(1, "ill"));
        await Eventually.BeTrueAsync(
            () => upstream.Requests.Count == 1 && CallsOf(engine).InFlight == 0, "the wait for another attempt");

        // Over the waits between attempts, never over the deadline.
        await engine.Time.DriveAsync(engine.ResultsAsync(ill.Id), below: TimeSpan.FromSeconds(3));
        Assert.Equal(3, upstream.Requests.Count);
        await Eventually.BeTrueAsync(() => CallsOf(engine).InFlight == 0, "all places given back");
    }

    [Fact]
    public async Task Run_OneUpstreamDeadWithVeryManyBatches_TheOtherGoesOn()
    {
        var gate = new Gate();
        await using var dead = await TestApi.StartAsync(gate.PassAsync);
        await using var healthy = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, options =>
        {
            options.Limits.WaitingBytes = 1 << 20;
            options.Upstreams.Add(new UpstreamOptions { Prefix = "/dead", BaseAddress = dead.Url, MaxConcurrency = 2 });
            options.Upstreams.Add(new UpstreamOptions { BaseAddress = healthy.Url, MaxConcurrency = 2 });
        });

        // 2,000 waiting requests take more than there is for all upstreams together.
        var waiting = new List<string>();
        for (var i = 0; i < 20; i++)
        {
            waiting.Add((await engine.SubmitAsync(EngineHost.Gets(100, "dead"))).Id);
        }

        await gate.UntilEnteredAsync(2);
        var batch = await engine.SubmitAsync(EngineHost.Gets(500, "healthy"));
        await engine.UntilDoneAsync(batch.Id);
        Assert.Equal(2, dead.Requests.Count);

        gate.Open();
        foreach (var id in waiting)
        {
            await engine.UntilDoneAsync(id);
        }

        Assert.Equal(2_000, dead.Requests.Count);
    }

    // A batch whose requests go to both is read on as soon as there is room, and every request is sent once.
    [Fact]
    public async Task Run_BatchForSeveralUpstreams_SendsEachRequestOnce()
    {
        await using var one = await TestApi.StartEchoAsync();
        await using var other = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, options =>
        {
            options.Limits.WaitingBytes = 1 << 20;
            options.Upstreams.Add(new UpstreamOptions { Prefix = "/one", BaseAddress = one.Url, MaxConcurrency = 4 });
            options.Upstreams.Add(new UpstreamOptions { BaseAddress = other.Url, MaxConcurrency = 1 });
        });
        var text = new string('x', 5_000);
        var requests = Enumerable.Range(0, 600).Select(i => new Request
        {
            Path = string.Create(CultureInfo.InvariantCulture, $"/{(i % 3 == 0 ? "one" : "other")}/{i}"),
            Method = "PUT",
            Body = ByteString.CopyFromUtf8(text),
        }).ToArray();
        var batches = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            batches.Add((await engine.SubmitAsync(requests, i == 1 ? EngineHost.Bob : EngineHost.Alice)).Id);
        }

        await engine.UntilDoneAsync(batches[0]);
        await engine.UntilDoneAsync(batches[1], EngineHost.Bob);
        await engine.UntilDoneAsync(batches[2]);

        Assert.Equal((600, 1_200), (one.Requests.Count, other.Requests.Count));
        Assert.All(
            one.Requests.Concat(other.Requests).GroupBy(call => call.Target), group => Assert.Equal(3, group.Count()));
    }

    private static CallQueue CallsOf(EngineHost engine) => engine.Get<CallQueues>().All.First();
}
