using Grpc.Net.Internal;

namespace Grpc.Tests.Common;

public sealed class BinaryHeaderTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("AQ", "01")]
    [InlineData("AQ==", "01")]
    [InlineData("AQI", "0102")]
    [InlineData("AQID", "010203")]
    [InlineData(" AQID ", "010203")]
    [InlineData("/+8", "FFEF")]
    public void TryDecode_WithOrWithoutPadding_Bytes(string text, string hex)
    {
        Assert.True(BinaryHeader.TryDecode(text, out var value));
        Assert.Equal(hex, Convert.ToHexString(value));
    }

    [Theory]
    [InlineData("A")]
    [InlineData("AAAAA")]
    [InlineData("A!")]
    [InlineData("A=A=")]
    [InlineData("-_8")]
    public void TryDecode_Malformed_False(string text) => Assert.False(BinaryHeader.TryDecode(text, out _));

    [Theory]
    [InlineData("", "")]
    [InlineData("01", "AQ")]
    [InlineData("0102", "AQI")]
    [InlineData("010203", "AQID")]
    public void Encode_Bytes_WithoutPadding(string hex, string text) => Assert.Equal(text, BinaryHeader.Encode(Convert.FromHexString(hex)));
}
