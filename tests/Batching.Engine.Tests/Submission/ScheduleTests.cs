using Batching.Engine.Configuration;
using Batching.Engine.Model;
using Batching.Engine.Submission;
using Google.Protobuf.WellKnownTypes;

namespace Batching.Engine.Tests.Submission;

public sealed class ScheduleTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Read_NothingSaid_IsAtOnce() =>
        Assert.Equal((new Schedule(null, 5, null), ""), Read(SubmissionTerms.None));

    [Fact]
    public void Read_EverythingSaid_TakesIt() => Assert.Equal(
        (new Schedule(Now.AddHours(1), 9, Now.AddHours(2).AddMilliseconds(5)), ""),
        Read(new SubmissionTerms { StartTime = At(3_600), Priority = 9, Deadline = At(7_200, nanos: 5_999_999) }));

    [Theory]
    [InlineData(0)]
    [InlineData(-100_000_000)]
    public void Read_StartInThePast_IsAtOnce(long seconds) =>
        Assert.Equal((new Schedule(null, 5, null), ""), Read(new SubmissionTerms { StartTime = At(seconds) }));

    [Theory]
    [InlineData(24 * 3_600, "")]
    [InlineData((24 * 3_600) + 1, "start_time")]
    public void Read_StartFarAhead_IsLimited(long seconds, string fields) =>
        Assert.Equal(fields, Read(new SubmissionTerms { StartTime = At(seconds) }).Fields);

    [Theory]
    [InlineData(0, "")]
    [InlineData(9, "")]
    [InlineData(-1, "priority")]
    [InlineData(10, "priority")]
    public void Read_Priority_IsFrom0To9(int priority, string fields) =>
        Assert.Equal(fields, Read(new SubmissionTerms { Priority = priority }).Fields);

    [Theory]
    [InlineData(1, null, "")]
    [InlineData(0, null, "deadline")]
    [InlineData(-5, null, "deadline")]
    [InlineData(10, 10L, "deadline")]
    [InlineData(11, 10L, "")]
    [InlineData(10, -10L, "")]
    public void Read_Deadline_IsBehindNowAndTheStart(long seconds, long? start, string fields) => Assert.Equal(
        fields,
        Read(new SubmissionTerms { Deadline = At(seconds), StartTime = start is null ? null : At(start.Value) }).Fields);

    [Theory]
    [InlineData(long.MaxValue, 0)]
    [InlineData(long.MinValue, 0)]
    [InlineData(253_402_300_800, 0)]
    [InlineData(1_800_000_000, -1)]
    [InlineData(1_800_000_000, 1_000_000_000)]
    public void Read_TimesThatAreNone_AreNamed(long seconds, int nanos)
    {
        var time = new Timestamp { Seconds = seconds, Nanos = nanos };

        Assert.Equal("start_time deadline", Read(new SubmissionTerms { StartTime = time, Deadline = time }).Fields);
    }

    [Fact]
    public void Read_OpenWhereGatewaysShareTheWork_IsRefused()
    {
        Assert.Equal("open", Read(new SubmissionTerms { IsOpen = true }, mayBeOpen: false).Fields);
        Assert.Equal("", Read(new SubmissionTerms { IsOpen = true }).Fields);
        Assert.Equal("", Read(new SubmissionTerms(), mayBeOpen: false).Fields);
    }

    private static Timestamp At(long seconds, int nanos = 0) =>
        new() { Seconds = Now.ToUnixTimeSeconds() + seconds, Nanos = nanos };

    private static (Schedule Schedule, string Fields) Read(SubmissionTerms terms, bool mayBeOpen = true)
    {
        var problems = new List<Problem>();
        var schedule = Schedule.Read(terms, Now, new RetentionOptions(), mayBeOpen, problems);
        return (schedule, string.Join(' ', problems.Select(problem => problem.Field)));
    }
}
