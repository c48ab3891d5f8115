using Batching.Server.Connections;

namespace Batching.Server.Tests.Connections;

public sealed class ReaderPaceTests
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(60);

    private readonly ManualTime _time = new();
    private readonly ReaderPace _pace;

    public ReaderPaceTests() => _pace = new ReaderPace(Window, minRate: 100, _time);

    [Fact]
    public void HasStalled_NothingIsTaken_IsTrueOnceItHasWaitedForSoLong()
    {
        _pace.BeginWait();
        _time.Advance(TimeSpan.FromSeconds(59));
        Assert.False(_pace.HasStalled(Window));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(_pace.HasStalled(Window));
        _pace.EndWait();
        Assert.False(_pace.HasStalled(Window));
    }

    [Fact]
    public void IsTooSlow_EveryFlushIsTakenButTooLittleInAll_IsTrue()
    {
        // 590 bytes each six seconds.
        for (var i = 0; i < 9; i++)
        {
            Wait(TimeSpan.FromSeconds(6), 590);
            Assert.False(_pace.IsTooSlow());
        }

        Wait(TimeSpan.FromSeconds(6), 590);
        Assert.True(_pace.IsTooSlow());
    }

    [Fact]
    public void IsTooSlow_JustFastEnough_IsFalseWindowByWindow()
    {
        for (var i = 0; i < 100; i++)
        {
            Wait(TimeSpan.FromSeconds(6), 600);
            Assert.False(_pace.IsTooSlow());
        }
    }

    // What was fast before is no excuse: each window counts for itself.
    [Fact]
    public void IsTooSlow_FastAtFirst_IsTrueAWindowLater()
    {
        Wait(Window, 1_000_000);
        Assert.False(_pace.IsTooSlow());
        Wait(Window, 5_999);
        Assert.True(_pace.IsTooSlow());
    }

    [Fact]
    public void IsTooSlow_ThereIsNothingToSendForHours_IsFalse()
    {
        for (var i = 0; i < 100; i++)
        {
            _time.Advance(TimeSpan.FromHours(1));
            Wait(TimeSpan.FromSeconds(0.1), 20);
            Assert.False(_pace.IsTooSlow());
        }
    }

    [Fact]
    public void IsTooSlow_StillWaiting_CountsThatToo()
    {
        _pace.BeginWait();
        _time.Advance(Window);
        Assert.True(_pace.IsTooSlow());
    }

    [Fact]
    public void IsTooSlow_AnyRateWillDo_IsFalse()
    {
        var pace = new ReaderPace(Window, minRate: 0, _time);
        pace.BeginWait();
        _time.Advance(10 * Window);
        Assert.False(pace.IsTooSlow());
    }

    private void Wait(TimeSpan time, int bytes)
    {
        _pace.BeginWait();
        _time.Advance(time);
        _pace.EndWait();
        _pace.Take(bytes);
    }

    private sealed class ManualTime : TimeProvider
    {
        private long _now = 1;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now;

        public void Advance(TimeSpan time) => _now += time.Ticks;
    }
}
