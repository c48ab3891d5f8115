using Batching.Engine.Tests.Infrastructure;
using Batching.Engine.Upstreams;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Batching.Engine.Tests.Upstreams;

public sealed class CallPlacesTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task EnterAsync_AllTaken_WaitsForTheNextThatIsGivenBack()
    {
        using var places = Create(2);
        await EnterAsync(places, 2);
        var third = places.EnterAsync(default).AsTask();
        Assert.False(third.IsCompleted);

        places.Leave();

        await Poll.ForAsync(third, "the third");
        Assert.Equal(2, places.InFlight);
    }

    [Fact]
    public async Task EnterAsync_GivenUp_TakesNoPlace()
    {
        using var places = Create(1);
        await EnterAsync(places, 1);
        using var cancel = new CancellationTokenSource();
        var second = places.EnterAsync(cancel.Token).AsTask();
        var third = places.EnterAsync(default).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);

        places.Leave();

        await Poll.ForAsync(third, "the third");
        Assert.Equal(1, places.InFlight);
    }

    [Fact]
    public void Overloaded_OfOneRoundTrip_HalvesOnce()
    {
        using var places = Create(64);
        var sent = Tick();
        Tick();
        for (var i = 0; i < 64; i++)
        {
            places.Overloaded(sent, null);
        }

        Assert.Equal(32, places.Limit);
        places.Overloaded(Tick(), null);
        Assert.Equal(16, places.Limit);
    }

    [Fact]
    public async Task Overloaded_AgainAndAgain_LeavesOnePlace()
    {
        using var places = Create(64);
        for (var i = 0; i < 20; i++)
        {
            places.Overloaded(Tick(), null);
        }

        Assert.Equal(1, places.Limit);
        await EnterAsync(places, 1);
        Assert.False(places.EnterAsync(default).AsTask().IsCompleted);
    }

    [Fact]
    public async Task Overloaded_MoreInFlightThanPlaces_LetsNobodyInUntilEnoughHaveLeft()
    {
        using var places = Create(4);
        await EnterAsync(places, 4);
        var next = places.EnterAsync(default).AsTask();
        places.Overloaded(Tick(), null);

        places.Leave();
        places.Leave();
        Assert.False(next.IsCompleted);
        places.Leave();
        await Poll.ForAsync(next, "the next");
    }

    [Fact]
    public async Task Answered_WhileOthersWait_AddsAPlaceForEachRoundUpToTheMaximum()
    {
        using var places = Create(4);
        await EnterAsync(places, 4);
        places.Overloaded(Tick(), null);
        places.Leave();
        places.Leave();
        var third = places.EnterAsync(default).AsTask();
        var fourth = places.EnterAsync(default).AsTask();
        var fifth = places.EnterAsync(default).AsTask();

        places.Answered();
        Assert.Equal(2, places.Limit);
        places.Answered();
        Assert.Equal(3, places.Limit);
        await Poll.ForAsync(third, "the third");

        Times(3, places.Answered);
        Assert.Equal(4, places.Limit);
        await Poll.ForAsync(fourth, "the fourth");

        Times(20, places.Answered);
        Assert.Equal(4, places.Limit);
        Assert.False(fifth.IsCompleted);
    }

    [Fact]
    public async Task Answered_WhileNobodyWaits_SaysNothingAboutMorePlaces()
    {
        using var places = Create(4);
        places.Overloaded(Tick(), null);
        await EnterAsync(places, 1);
        Times(100, places.Answered);
        Assert.Equal(2, places.Limit);
    }

    [Fact]
    public async Task Overloaded_RetryAfter_LetsNobodyInUntilItIsOver()
    {
        using var places = Create(4);
        places.Overloaded(Tick(), TimeSpan.FromSeconds(10));
        var waiting = Enumerable.Range(0, 3).Select(_ => places.EnterAsync(default).AsTask()).ToArray();
        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal(TimeSpan.FromSeconds(6), places.PauseLeft);

        // Prolonged, not shortened.
        places.Overloaded(Tick(), TimeSpan.FromSeconds(10));
        places.Overloaded(Tick(), TimeSpan.FromSeconds(1));
        _time.Advance(TimeSpan.FromSeconds(9));
        Assert.All(waiting, task => Assert.False(task.IsCompleted));

        // Cut twice meanwhile: 1 of 4.
        _time.Advance(TimeSpan.FromSeconds(2));
        await Poll.ForAsync(waiting[0], "the first");
        Assert.Equal((1, TimeSpan.Zero), (places.InFlight, places.PauseLeft));
    }

    [Fact]
    public async Task Overloaded_RetryAfterALongTime_PausesNoLongerThanConfigured()
    {
        using var places = Create(4, options => options.MaxPause = TimeSpan.FromSeconds(5));
        places.Overloaded(Tick(), TimeSpan.FromDays(1));
        var next = places.EnterAsync(default).AsTask();
        Assert.False(next.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(5));
        await Poll.ForAsync(next, "the end of the pause");
    }

    [Fact]
    public void Overloaded_PausesTurnedOff_GoesOn()
    {
        using var places = Create(4, options => options.MaxPause = TimeSpan.Zero);
        places.Overloaded(Tick(), TimeSpan.FromSeconds(10));
        Assert.True(places.EnterAsync(default).AsTask().IsCompletedSuccessfully);
    }

    [Fact]
    public void Overloaded_AdaptationTurnedOff_KeepsAllPlaces()
    {
        using var places = Create(4, options => options.AdaptiveConcurrency = false);
        Times(10, () => places.Overloaded(Tick(), null));
        Assert.Equal(4, places.Limit);
    }

    // Whatever comes together, no place is lost and none given twice.
    [Fact]
    public async Task EnterAsync_FromManySides_NeverExceedsTheLimitAndLosesNoPlace()
    {
        using var places = Create(3);
        var inFlight = 0;
        await Poll.ForAsync(
            Task.WhenAll(Enumerable.Range(0, 16).Select(worker => Task.Run(async () =>
            {
                var random = new Random(worker);
                for (var i = 0; i < 500; i++)
                {
                    using var cancel = new CancellationTokenSource();
                    var entering = places.EnterAsync(cancel.Token).AsTask();
                    if (random.Next(4) == 0)
                    {
                        await cancel.CancelAsync();
                    }

                    try
                    {
                        await entering;
                    }
                    catch (OperationCanceledException)
                    {
                        continue;
                    }

                    Assert.InRange(Interlocked.Increment(ref inFlight), 1, 3);
                    await Task.Yield();
                    Interlocked.Decrement(ref inFlight);
                    places.Leave();
                }
            }))),
            "the workers");
        Assert.Equal(0, places.InFlight);
        await EnterAsync(places, 3);
    }

    private CallPlaces Create(int max, Action<UpstreamOptions>? configure = null)
    {
        var options = new UpstreamOptions { MaxConcurrency = max };
        configure?.Invoke(options);
        return new CallPlaces(options, _time, NullLogger.Instance);
    }

    private static async Task EnterAsync(CallPlaces places, int count)
    {
        for (var i = 0; i < count; i++)
        {
            var entering = places.EnterAsync(default).AsTask();
            Assert.True(entering.IsCompletedSuccessfully);
            await entering;
        }
    }

    private static void Times(int count, Action action)
    {
        for (var i = 0; i < count; i++)
        {
            action();
        }
    }

    // A moment later.
    private long Tick()
    {
        _time.Advance(TimeSpan.FromMilliseconds(1));
        return _time.GetTimestamp();
    }
}
