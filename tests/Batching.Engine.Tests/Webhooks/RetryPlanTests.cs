using Batching.Engine.Configuration;
using Batching.Engine.Model;
using Batching.Engine.Tests.Infrastructure;
using Batching.Engine.Webhooks;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Tests.Webhooks;

public sealed class RetryPlanTests
{
    private readonly FakeTime _time = new();

    [Theory]
    [InlineData(0, 5)]
    [InlineData(1, 10)]
    [InlineData(2, 20)]
    [InlineData(9, 2_560)]
    [InlineData(10, 3_600)]
    [InlineData(2_000_000_000, 3_600)]
    public void After_Failure_WaitsTwiceAsLongEachTimeMoreOrLess(int attempts, double seconds)
    {
        var delays = Enumerable.Range(0, 200).Select(_ => DelayAfter(attempts, new AttemptResult(500, "It failed."))).ToList();

        Assert.All(delays, delay => Assert.InRange(delay.TotalSeconds, seconds * 0.75, (seconds * 1.25) + 0.001));
        Assert.True(delays.Distinct().Count() > 100, "There is no jitter.");
    }

    [Fact]
    public void After_RetryAfter_IsNeverEarlierAndStillSpread()
    {
        var result = new AttemptResult(429, "It failed.", TimeSpan.FromMinutes(10));
        var delays = Enumerable.Range(0, 200).Select(_ => DelayAfter(0, result)).ToList();

        Assert.All(delays, delay => Assert.InRange(delay, TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(11)));
        Assert.True(delays.Distinct().Count() > 100, "There is no jitter.");
    }

    [Fact]
    public void After_ShortRetryAfter_IsNotSoonerThanWithout() => Assert.InRange(
        DelayAfter(5, new AttemptResult(503, "It failed.", TimeSpan.Zero)), TimeSpan.FromSeconds(120), TimeSpan.FromSeconds(201));

    [Fact]
    public void After_EndOfItsTime_GivesUp()
    {
        Assert.Equal(WebhookState.Waiting, StateAfter(new AttemptResult(500, "It failed."), TimeSpan.FromSeconds(10)));
        Assert.Equal(WebhookState.GivenUp, StateAfter(new AttemptResult(500, "It failed."), TimeSpan.FromSeconds(3)));
        Assert.Equal(
            WebhookState.GivenUp, StateAfter(new AttemptResult(503, "It failed.", TimeSpan.FromDays(2)), TimeSpan.FromDays(1)));
    }

    [Fact]
    public void After_Answer_DeliversOrGivesUp()
    {
        Assert.Equal(WebhookState.Delivered, StateAfter(new AttemptResult(204, null), TimeSpan.FromSeconds(-1)));
        Assert.Equal(WebhookState.GivenUp, StateAfter(new AttemptResult(410, "It is gone."), TimeSpan.FromDays(1)));
    }

    private TimeSpan DelayAfter(int attempts, AttemptResult result)
    {
        var noted = Plan().After(Message(TimeSpan.FromDays(1)) with { Attempts = attempts }, result);
        Assert.Equal(WebhookState.Waiting, noted.State);
        return noted.NextTime - _time.GetUtcNow();
    }

    private WebhookState StateAfter(AttemptResult result, TimeSpan left) => Plan().After(Message(left), result).State;

    private RetryPlan Plan() => new(Options.Create(new BatchEngineOptions()), _time);

    private WebhookMessage Message(TimeSpan left) => new()
    {
        BatchKey = 1,
        Event = BatchEvents.Done,
        Owner = "alice",
        Host = "hooks.example.com",
        Url = "https://hooks.example.com/",
        Body = [],
        CreateTime = _time.GetUtcNow(),
        NextTime = _time.GetUtcNow(),
        EndTime = _time.GetUtcNow() + left,
    };
}
