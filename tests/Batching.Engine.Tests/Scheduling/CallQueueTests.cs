using System.Collections.Concurrent;
using Batching.Engine.Configuration;
using Batching.Engine.Scheduling;
using Batching.Engine.Tests.Infrastructure;
using Batching.Engine.Upstreams;
using Microsoft.Extensions.Logging.Abstractions;

namespace Batching.Engine.Tests.Scheduling;

public sealed class CallQueueTests
{
    private readonly FakeTime _time = new();
    private readonly ConcurrentQueue<Call> _begun = new();

    [Fact]
    public async Task Enqueue_AllPlacesTaken_RunsWhenOneIsGivenBack()
    {
        using var queue = Create(2);
        var first = await BeginAsync(queue, "a");
        await BeginAsync(queue, "a");
        queue.Enqueue("a", 1, new Call(_begun));
        Assert.Equal((2, 1), (queue.InFlight, queue.Waiting));

        first.End();

        await UntilBegunAsync(3);
        Assert.Equal((2, 0), (queue.InFlight, queue.Waiting));
    }

    [Fact]
    public async Task Enqueue_NotOpen_WaitsUntilItIs()
    {
        using var queue = Create(2, open: false);
        queue.Enqueue("a", 1, new Call(_begun));
        Assert.Equal(1, queue.Waiting);
        queue.Open();
        await UntilBegunAsync(1);
    }

    [Fact]
    public async Task Close_WithCallsUnderWay_EndsWithThemAndBeginsNothing()
    {
        using var queue = Create(1);
        var first = await BeginAsync(queue, "a");
        queue.Enqueue("a", 1, new Call(_begun));
        queue.Close();
        Assert.False(queue.Ended.IsCompleted);
        first.End();
        await Eventually.WithDeadlineAsync(queue.Ended, "the end");
        Assert.Single(_begun);
    }

    // Places: 12 of 16 for who is alone, then of each rest again three quarters, and one for everybody as long as there is any.
    [Fact]
    public async Task Enqueue_SeveralOwnersWhoseCallsHang_LeavesEachLessAndTheNextOneSome()
    {
        using var queue = Create(16);
        foreach (var (owner, places) in new[] { ("a", 12), ("b", 3), ("c", 1), ("d", 0) })
        {
            var before = queue.InFlight;
            Enqueue(queue, owner, 20);
            Assert.Equal(places, queue.InFlight - before);
        }

        await UntilBegunAsync(16);
    }

    // Whoever holds more than the others gets nothing until they have as much.
    [Fact]
    public async Task Enqueue_TwoOwnersWithEnoughToCall_ComeToEqualShares()
    {
        using var queue = Create(16);
        Enqueue(queue, "a", 200);
        Enqueue(queue, "b", 200);
        for (var i = 0; i < 100; i++)
        {
            await Eventually.BeTrueAsync(() => _begun.Count == queue.InFlight, "all calls that have a place");
            _begun.TryDequeue(out var oldest);
            oldest!.End();
        }

        await Eventually.BeTrueAsync(() => _begun.Count == queue.InFlight, "all calls that have a place");
        Assert.InRange(_begun.Count(call => call.Share!.Owner == "a"), 6, 8);
    }

    // Calls of another owner wait long for a processor: what one has under way beyond what keeps those at work is in their way.
    [Fact]
    public async Task Begin_LateBesideAnotherOwner_LeavesTheCrowdNoMoreThanKeepsTheProcessorsAtWork()
    {
        var enough = 8 * Environment.ProcessorCount;
        var time = new SteppingTime { Step = TimeSpan.FromMilliseconds(3) };
        using var queue = Create(2 * enough, time: time);
        Enqueue(queue, "a", 20 * enough);
        await UntilBegunAsync(enough * 3 / 2);
        Assert.Equal(enough * 3 / 2, queue.InFlight);

        await BeginAsync(queue, "b");
        time.Step = TimeSpan.Zero;
        await EndAsync(enough);
        Assert.Equal(enough + 1, queue.InFlight);

        // A second later nobody is known to wait.
        time.Step = TimeSpan.FromSeconds(1);
        await EndAsync(1);
        Assert.True(queue.InFlight > enough + 1);

        async Task EndAsync(int count)
        {
            for (var i = 0; i < count; i++)
            {
                await Eventually.BeTrueAsync(() => _begun.Count >= queue.InFlight, "all calls that have a place");
                Call? oldest;
                while (_begun.TryDequeue(out oldest) && oldest.Share!.Owner == "b")
                {
                    _begun.Enqueue(oldest);
                }

                var before = queue.InFlight;
                var begun = _begun.Count;
                oldest!.End();
                await Eventually.BeTrueAsync(() => queue.InFlight != before || _begun.Count > begun, "what follows");
            }
        }
    }

    [Fact]
    public async Task Refused_OfOneRoundTrip_HalvesTheShareOnce()
    {
        using var queue = Create(64);
        var share = (await BeginAsync(queue, "a")).Share!;
        var sent = Tick();
        Tick();
        for (var i = 0; i < 64; i++)
        {
            queue.Refused(share, sent, null);
        }

        Assert.Equal(24, share.Limit.Value);
        queue.Refused(share, Tick(), null);
        Assert.Equal((12, 12), (share.Limit.Value, queue.Limit));
    }

    [Fact]
    public async Task TimedOut_AgainAndAgain_LeavesTheOwnerOnePlaceAndOthersTheirs()
    {
        using var queue = Create(16);
        var (first, other) = (await BeginAsync(queue, "a"), await BeginAsync(queue, "b"));
        for (var i = 0; i < 20; i++)
        {
            queue.TimedOut(first.Share!, Tick());
        }

        Assert.Equal((1, 12, 16), (first.Share!.Limit.Value, other.Share!.Limit.Value, queue.Limit));
        Enqueue(queue, "a", 3);
        Assert.Equal(3, queue.Waiting);
        first.End();
        await UntilBegunAsync(3);
        Assert.Equal(2, queue.Waiting);
    }

    [Fact]
    public async Task Refused_SeveralOwners_HalvesForAll()
    {
        using var queue = Create(16);
        var shares = await BeginAsync(queue, "a", "b", "c");
        queue.Refused(shares[0], Tick(), null);
        Assert.Equal(16, queue.Limit);
        queue.Refused(shares[1], Tick(), null);
        Assert.Equal(8, queue.Limit);
    }

    [Fact]
    public async Task Refused_FewOfManyOwners_LeavesTheOthersAlone()
    {
        using var queue = Create(16);
        var shares = await BeginAsync(queue, "a", "b", "c", "d", "e");
        queue.Refused(shares[0], Tick(), TimeSpan.FromSeconds(10));
        queue.Refused(shares[1], Tick(), TimeSpan.FromSeconds(10));
        Assert.Equal((16, TimeSpan.Zero), (queue.Limit, queue.PauseLeft(shares[2])));
        queue.Refused(shares[2], Tick(), TimeSpan.FromSeconds(10));
        Assert.Equal((8, TimeSpan.FromSeconds(10)), (queue.Limit, queue.PauseLeft(shares[3])));
    }

    [Fact]
    public async Task Refused_SeveralOwnersLongAfterEachOther_IsEachOnesOwn()
    {
        using var queue = Create(16);
        var shares = await BeginAsync(queue, "a", "b", "c");
        for (var i = 0; i < 2; i++)
        {
            queue.Refused(shares[i], Tick(), TimeSpan.FromSeconds(10));
            _time.Advance(TimeSpan.FromSeconds(6));
        }

        Assert.Equal((16, TimeSpan.Zero), (queue.Limit, queue.PauseLeft(shares[2])));
    }

    [Fact]
    public async Task Answered_WhileMoreWaits_AddsAPlaceForEachRoundUpToTheMaximum()
    {
        using var queue = Create(4, options => options.OwnerPercent = 100);
        var share = (await BeginAsync(queue, "a")).Share!;
        queue.TimedOut(share, Tick());
        Enqueue(queue, "a", 9);
        await UntilBegunAsync(2);

        queue.Answered(share);
        Assert.Equal(2, share.Limit.Value);
        queue.Answered(share);
        Assert.Equal(3, share.Limit.Value);
        await UntilBegunAsync(3);

        Times(3, () => queue.Answered(share));
        Assert.Equal(4, share.Limit.Value);
        await UntilBegunAsync(4);

        Times(20, () => queue.Answered(share));
        Assert.Equal((4, 4), (share.Limit.Value, queue.InFlight));
    }

    [Fact]
    public async Task Answered_WhileNothingWaits_SaysNothingAboutMorePlaces()
    {
        using var queue = Create(4);
        var share = (await BeginAsync(queue, "a")).Share!;
        queue.TimedOut(share, Tick());
        Times(100, () => queue.Answered(share));
        Assert.Equal(1, share.Limit.Value);
    }

    [Fact]
    public async Task Refused_RetryAfter_KeepsTheOwnerWaitingUntilItIsOver()
    {
        using var queue = Create(8);
        var call = await BeginAsync(queue, "a");
        queue.Refused(call.Share!, Tick(), TimeSpan.FromSeconds(10));
        Enqueue(queue, "a", 3);
        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal(TimeSpan.FromSeconds(6), queue.PauseLeft(call.Share!));

        // Prolonged, not shortened.
        queue.Refused(call.Share!, Tick(), TimeSpan.FromSeconds(10));
        queue.Refused(call.Share!, Tick(), TimeSpan.FromSeconds(1));
        _time.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(3, queue.Waiting);
        await BeginAsync(queue, "b");

        // Cut to 1 meanwhile.
        call.End();
        _time.Advance(TimeSpan.FromSeconds(2));
        await UntilBegunAsync(3);
        Assert.Equal((2, TimeSpan.Zero), (queue.Waiting, queue.PauseLeft(call.Share!)));
    }

    [Fact]
    public async Task Refused_RetryAfterALongTime_PausesNoLongerThanConfigured()
    {
        using var queue = Create(4, options => options.MaxPause = TimeSpan.FromSeconds(5));
        var call = await BeginAsync(queue, "a");
        queue.Refused(call.Share!, Tick(), TimeSpan.FromDays(1));
        call.End();
        queue.Enqueue("a", 1, new Call(_begun));
        Assert.Equal(1, queue.Waiting);
        _time.Advance(TimeSpan.FromSeconds(5));
        await UntilBegunAsync(2);
    }

    [Fact]
    public async Task PauseFor_AskedOfAnotherGateway_KeepsTheOwnerWaitingUntilItIsOver()
    {
        using var queue = Create(4);
        queue.PauseFor("a", TimeSpan.FromSeconds(10));
        Enqueue(queue, "a", 1);
        await BeginAsync(queue, "b");
        Assert.Equal(1, queue.Waiting);
        _time.Advance(TimeSpan.FromSeconds(10));
        await UntilBegunAsync(2);

        queue.PauseFor(null, TimeSpan.FromSeconds(10));
        Enqueue(queue, "c", 1);
        Assert.Equal(1, queue.Waiting);
        _time.Advance(TimeSpan.FromSeconds(10));
        await UntilBegunAsync(3);
    }

    [Fact]
    public async Task Refused_RetryAfter_IsToldOnce()
    {
        using var queue = Create(4, options => options.LimitsByAddress = true);
        var told = new List<(string?, TimeSpan)>();
        queue.WhenPaused = (owner, length) => told.Add((owner, length));
        var call = await BeginAsync(queue, "a");
        queue.Refused(call.Share!, Tick(), TimeSpan.FromSeconds(10));
        queue.Refused(call.Share!, Tick(), retryAfter: null);
        Assert.Equal([("a", TimeSpan.FromSeconds(10)), (null, TimeSpan.FromSeconds(10))], told);
    }

    [Fact]
    public async Task Divide_LimitOfAllGateways_BeginsItsPart()
    {
        using var queue = Create(64, options => (options.MaxConcurrencyTotal, options.OwnerPercent) = (8, 100));
        queue.Divide(gateways: 3, rank: 2);
        Enqueue(queue, "a", 20);
        Assert.Equal((2, 2), (queue.InFlight, queue.Limit));
        queue.Divide(gateways: 2, rank: 1);
        Assert.Equal(4, queue.InFlight);
        queue.Divide(gateways: 1, rank: 0);
        Assert.Equal(8, queue.InFlight);
        queue.Divide(gateways: 20, rank: 19);
        Assert.Equal(1, queue.Limit);
        await UntilBegunAsync(8);
    }

    [Fact]
    public async Task Refused_PausesTurnedOff_GoesOn()
    {
        using var queue = Create(4, options => options.MaxPause = TimeSpan.Zero);
        var call = await BeginAsync(queue, "a");
        queue.Refused(call.Share!, Tick(), TimeSpan.FromSeconds(10));
        call.End();
        await BeginAsync(queue, "a");
    }

    [Fact]
    public async Task Refused_AdaptationTurnedOff_KeepsAllPlaces()
    {
        using var queue = Create(4, options => options.AdaptiveConcurrency = false);
        var share = (await BeginAsync(queue, "a")).Share!;
        Times(10, () => queue.Refused(share, Tick(), null));
        Assert.Equal(3, share.Limit.Value);
    }

    [Fact]
    public async Task Enqueue_OwnerWithoutCallsAnyMore_LeavesNothingBehind()
    {
        using var queue = Create(4);
        (await BeginAsync(queue, "a")).End();
        await Eventually.BeTrueAsync(() => queue.Owners == 0, "no owner");
    }

    [Fact]
    public async Task TimedOut_OwnerWithoutCallsAnyMore_IsForgottenAfterAMinute()
    {
        using var queue = Create(4);
        var call = await BeginAsync(queue, "a");
        queue.TimedOut(call.Share!, Tick());
        call.End();
        await Eventually.BeTrueAsync(() => queue.InFlight == 0, "the end of the call");
        Assert.Equal(1, (await BeginAsync(queue, "a")).Share!.Limit.Value);
        _begun.Last().End();
        await Eventually.BeTrueAsync(() => queue.InFlight == 0, "the end of the other call");

        _time.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal(1, queue.Owners);
        _time.Advance(TimeSpan.FromSeconds(1));
        await Eventually.BeTrueAsync(() => queue.Owners == 0, "no owner");
        Assert.Equal(3, (await BeginAsync(queue, "a")).Share!.Limit.Value);
    }

    [Fact]
    public async Task TimedOut_VeryManyOwners_AreNotAllRemembered()
    {
        using var queue = Create(4);
        for (var i = 0; i < 1_100; i++)
        {
            var call = await BeginAsync(queue, $"{i}");
            queue.TimedOut(call.Share!, Tick());
            call.End();
            await Eventually.BeTrueAsync(() => queue.InFlight == 0, "the end of the call");
        }

        Assert.InRange(queue.Owners, 1_000, 1_024);
    }

    [Fact]
    public async Task TryStepAside_WithMoreWaiting_LetsItRunAndComesBackFirst()
    {
        using var queue = Create(1);
        var call = await BeginAsync(queue, "a");
        Enqueue(queue, "a", 2);
        Assert.True(queue.TryStepAside(call.Share!));
        await UntilBegunAsync(2);

        // No more than there are places.
        Assert.False(queue.TryStepAside(_begun.Last().Share!));
        var back = queue.ReturnAsync(call.Share!, default);
        Assert.False(back.IsCompleted);
        _begun.Last().End();
        await Eventually.WithDeadlineAsync(back, "the place");
        Assert.Equal((1, 1), (queue.InFlight, queue.Waiting));
    }

    [Fact]
    public async Task ReturnAsync_GivenUp_TakesNoPlace()
    {
        using var queue = Create(1);
        var call = await BeginAsync(queue, "a");
        Assert.True(queue.TryStepAside(call.Share!));
        var other = await BeginAsync(queue, "b");
        using var cancel = new CancellationTokenSource();
        var back = queue.ReturnAsync(call.Share!, cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => back);
        queue.ReturnAnyway(call.Share!);
        call.End();
        other.End();
        await Eventually.BeTrueAsync(() => queue is { InFlight: 0, Owners: 0 }, "nothing left");
    }

    // Whatever comes together, no place is lost and none given twice.
    [Fact]
    public async Task Enqueue_FromManySides_NeverExceedsTheLimitAndLosesNoPlace()
    {
        using var queue = Create(3);
        var (inFlight, most, done) = (0, 0, 0);
        await Eventually.WithDeadlineAsync(
            Task.WhenAll(Enumerable.Range(0, 16).Select(worker => Task.Run(() =>
            {
                for (var i = 0; i < 500; i++)
                {
                    queue.Enqueue($"{worker % 5}", worker, new Step(async place =>
                    {
                        InterlockedMax(ref most, Interlocked.Increment(ref inFlight));
                        await Task.Yield();
                        Interlocked.Decrement(ref inFlight);
                        if (i % 7 == 0 && place.TryStepAside())
                        {
                            await place.ReturnAsync(default);
                        }

                        Interlocked.Increment(ref done);
                    }));
                }
            }))),
            "the workers");
        await Eventually.BeTrueAsync(() => Volatile.Read(ref done) == 8_000, "all calls");
        await Eventually.BeTrueAsync(() => queue is { InFlight: 0, Waiting: 0, Owners: 0 }, "nothing left");
        Assert.InRange(most, 1, 3);
    }

    private static void InterlockedMax(ref int most, int value)
    {
        for (var before = Volatile.Read(ref most); value > before; before = Volatile.Read(ref most))
        {
            Interlocked.CompareExchange(ref most, value, before);
        }
    }

    private CallQueue Create(
        int max, Action<UpstreamOptions>? configure = null, bool open = true, TimeProvider? time = null)
    {
        var options = new UpstreamOptions { MaxConcurrency = max };
        configure?.Invoke(options);
        var queue = new CallQueue(options, time ?? _time, NullLogger.Instance);
        if (open)
        {
            queue.Open();
        }

        return queue;
    }

    private void Enqueue(CallQueue queue, string owner, int count) =>
        Times(count, () => queue.Enqueue(owner, 1, new Call(_begun)));

    // Places are taken at once; that a call knows of it takes a moment.
    private async Task<Call> BeginAsync(CallQueue queue, string owner)
    {
        var call = new Call(_begun);
        queue.Enqueue(owner, 1, call);
        await Eventually.BeTrueAsync(() => call.Share is not null, $"a call of {owner}");
        return call;
    }

    private async Task<OwnerShare[]> BeginAsync(CallQueue queue, params string[] owners)
    {
        var shares = new List<OwnerShare>();
        foreach (var owner in owners)
        {
            shares.Add((await BeginAsync(queue, owner)).Share!);
        }

        return [.. shares];
    }

    private Task UntilBegunAsync(int count) => Eventually.BeTrueAsync(() => _begun.Count == count, $"{count} calls");

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

    /// <summary>Runs until it is told to end.</summary>
    private sealed class Call(ConcurrentQueue<Call> begun) : IUpstreamWork
    {
        private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private volatile CallTurn? _turn;

        public OwnerShare? Share => _turn?.Share;

        public void End() => _end.TrySetResult();

        public async ValueTask RunAsync(ICallPlace place)
        {
            _turn = (CallTurn)place;
            begun.Enqueue(this);
            await _end.Task;
        }
    }

    /// <summary>A clock that goes on a step each time somebody looks at it.</summary>
    private sealed class SteppingTime : TimeProvider
    {
        private long _now;

        public TimeSpan Step { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Interlocked.Add(ref _now, Step.Ticks);
    }

    private sealed class Step(Func<ICallPlace, Task> step) : IUpstreamWork
    {
        public async ValueTask RunAsync(ICallPlace place) => await step(place);
    }
}
