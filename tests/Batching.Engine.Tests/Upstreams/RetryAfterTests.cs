using Batching.Engine.Upstreams;

namespace Batching.Engine.Tests.Upstreams;

public sealed class RetryAfterTests
{
    private const double Year = 365 * 24 * 60 * 60;

    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("3", 3)]
    [InlineData(" 3 ", 3)]
    [InlineData("2.5", 3)]
    [InlineData("0.001", 1)]
    [InlineData("3.0", 3)]
    [InlineData("3, 3", 3)]
    [InlineData("30,120", 120)]
    [InlineData("120,,30,", 120)]
    [InlineData("soon, 4", 4)]
    [InlineData("2147483647", Year)]
    [InlineData("2147483648", Year)]
    [InlineData("99999999999999999999999999999999", Year)]
    [InlineData("Sun, 01 Mar 2026 12:00:05 GMT", 5)]
    [InlineData("Sunday, 01-Mar-26 12:00:05 GMT", 5)]
    [InlineData("Sun Mar  1 12:00:05 2026", 5)]
    [InlineData("2, Sun, 01 Mar 2026 12:00:05 GMT, 3", 5)]
    [InlineData("Sun, 01 Mar 2026 12:00:05 GMT, 7", 7)]
    [InlineData("Fri, 31 Dec 9999 23:59:59 GMT", Year)]
    public void Read_AsApisSendIt_IsTheLongestRoundedUp(string value, double seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), Read(value));

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("0.0")]
    [InlineData("-5")]
    [InlineData("+5")]
    [InlineData("1e3")]
    [InlineData("5s")]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    [InlineData(".")]
    [InlineData("soon")]
    [InlineData("Sun, 01 Mar 2026 11:00:00 GMT")]
    [InlineData("Sun, 01 Mar 2026 12:00:05 Mars")]
    public void Read_NothingToWaitFor_IsNone(string value) => Assert.Null(Read(value));

    [Fact]
    public void Read_TwoFields_IsTheLongest() => Assert.Equal(TimeSpan.FromSeconds(9), Read("4", "9"));

    private static TimeSpan? Read(params string[] values)
    {
        using var response = new HttpResponseMessage();
        response.Headers.TryAddWithoutValidation("Retry-After", values);
        return RetryAfter.Read(response, Now);
    }
}
