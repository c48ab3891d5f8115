using Batching.Cli.Terminal;
using Batching.Client;
using Batching.V1;
using Microsoft.Extensions.Time.Testing;
using Spectre.Console;

namespace Batching.Cli.Tests.Terminal;

public sealed class ProgressMeterTests
{
    [Fact]
    public void Add_Progress_MeasuresTheLastSeconds()
    {
        var time = new FakeTimeProvider();
        var meter = new ProgressMeter(time);

        Assert.Equal((0, null), meter.Add(Done(0)));
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal((50, TimeSpan.FromSeconds(18)), meter.Add(Done(100)));

        // What was done before the last ten seconds does not count.
        time.Advance(TimeSpan.FromSeconds(100));
        meter.Add(Done(100));
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal((100, TimeSpan.FromSeconds(4)), meter.Add(Done(600)));
        Assert.Equal(TimeSpan.Zero, meter.Add(Done(1_000)).Left);
    }

    [Theory]
    [InlineData(0, "0 s")]
    [InlineData(3.2, "4 s")]
    [InlineData(130, "2 min 10 s")]
    [InlineData(3_900, "1 h 5 min")]
    public void Of_Time_IsShort(double seconds, string expected) =>
        Assert.Equal(expected, ProgressText.Of(TimeSpan.FromSeconds(seconds)));

    [Fact]
    public void Of_Progress_SaysAllOfIt() => Assert.Equal(
        "1,200 of 20,000 done, 3 failed, 4,100/s, 5 s left",
        ProgressText.Of(new BatchProgress(BatchState.Running, 20_000, 18_800, 3, 0), 4_100, TimeSpan.FromSeconds(4.6)));

    [Fact]
    public async Task Lines_ProgressInBetween_IsLeftOut()
    {
        var time = new FakeTimeProvider();
        using var output = new StringWriter();
        var lines = new ProgressLines(output, isJson: false, time);

        await lines.ShowAsync(progress =>
        {
            progress.Report(Done(0));
            time.Advance(TimeSpan.FromSeconds(1));
            progress.Report(Done(10));
            time.Advance(TimeSpan.FromSeconds(4));
            progress.Report(Done(20));
            progress.Report(Done(1_000));
            progress.Report(Done(1_000));
            return Task.CompletedTask;
        });

        Assert.Equal(
            ["0 of 1,000 done, 0 failed", "20 of 1,000 done, 0 failed, 4/s, 4 min 5 s left", "1,000 of 1,000 done, 0 failed"],
            output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task Bar_Progress_IsShown()
    {
        using var output = new StringWriter();

        await new ProgressBarView(output, new FakeTimeProvider(), AnsiSupport.Yes).ShowAsync(progress =>
        {
            progress.Report(Done(0));
            progress.Report(Done(1_000));
            return Task.CompletedTask;
        });

        Assert.Contains("1,000 of 1,000 done, 0 failed", output.ToString(), StringComparison.Ordinal);
    }

    private static BatchProgress Done(long done) => new(BatchState.Running, 1_000, 1_000 - done, 0, 0);
}
