using Grpc.Net.Internal;

namespace Grpc.Tests.Common;

public sealed class GrpcTimeoutTests
{
    [Theory]
    [InlineData("0n", 0)]
    [InlineData("1n", 1)]
    [InlineData("100n", 1)]
    [InlineData("101n", 2)]
    [InlineData("1u", 10)]
    [InlineData("1m", 10_000)]
    [InlineData("1S", 10_000_000)]
    [InlineData("2M", 1_200_000_000)]
    [InlineData("1H", 36_000_000_000)]
    [InlineData("99999999H", 3_599_999_964_000_000_000)]
    [InlineData("00000001S", 10_000_000)]
    public void TryParse_Valid_Ticks(string text, long ticks)
    {
        Assert.True(GrpcTimeout.TryParse(text, out var timeout));
        Assert.Equal(ticks, timeout.Ticks);
    }

    [Theory]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("S")]
    [InlineData("1s")]
    [InlineData("1h")]
    [InlineData(" 1S")]
    [InlineData("+1S")]
    [InlineData("-1S")]
    [InlineData("1 S")]
    [InlineData("1,0S")]
    [InlineData("0x1S")]
    [InlineData("100000000S")]
    [InlineData("１S")]
    public void TryParse_Invalid_False(string text) => Assert.False(GrpcTimeout.TryParse(text, out _));

    [Theory]
    [InlineData(0, "100n")]
    [InlineData(1, "100n")]
    [InlineData(999_999, "99999900n")]
    [InlineData(1_000_000, "100000u")]
    [InlineData(36_000_000_000, "3600000m")]
    [InlineData(999_999_999_999, "100000S")]
    [InlineData(long.MaxValue, "99999999H")]
    public void Format_Ticks_FinestUnitOfEightDigitsNeverShorter(long ticks, string expected)
    {
        var text = GrpcTimeout.Format(TimeSpan.FromTicks(ticks));

        Assert.Equal(expected, text);
        Assert.True(GrpcTimeout.TryParse(text, out var parsed));
        Assert.True(parsed.Ticks >= ticks || ticks == long.MaxValue);
    }
}
