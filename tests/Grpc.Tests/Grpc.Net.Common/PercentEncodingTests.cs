using System.Text;
using Grpc.Net.Internal;

namespace Grpc.Tests.Common;

public sealed class PercentEncodingTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("plain text", "plain text")]
    [InlineData("~ !\"#$&'()*+,-./:;<=>?@[\\]^_`{|}", "~ !\"#$&'()*+,-./:;<=>?@[\\]^_`{|}")]
    [InlineData("100%", "100%25")]
    [InlineData("a\r\nb\tc\0", "a%0D%0Ab%09c%00")]
    [InlineData("ü", "%C3%BC")]
    [InlineData("€", "%E2%82%AC")]
    [InlineData("🦊", "%F0%9F%A6%8A")]
    [InlineData("\u007f", "%7F")]
    public void Encode_Text_AndBack(string text, string encoded)
    {
        Assert.Equal(encoded, PercentEncoding.Encode(text));
        Assert.Equal(text, PercentEncoding.Decode(encoded));
    }

    [Theory]
    [InlineData("%", "%")]
    [InlineData("%2", "%2")]
    [InlineData("%zz", "%zz")]
    [InlineData("100% sure%21", "100% sure!")]
    [InlineData("%c3%bc", "ü")]
    [InlineData("ü%25", "ü%")]
    [InlineData("%ff", "\ufffd")]
    public void Decode_Malformed_Lenient(string encoded, string text) => Assert.Equal(text, PercentEncoding.Decode(encoded));

    [Fact]
    public void Encode_LoneSurrogate_Replaced() => Assert.Equal("%EF%BF%BD", PercentEncoding.Encode("\ud83e"));

    [Fact]
    public void EncodeDecode_AnyText_Same()
    {
        var random = new Random(1);
        for (var i = 0; i < 1000; i++)
        {
            var text = new StringBuilder();
            for (var length = random.Next(20); length > 0; length--)
            {
                text.Append(new Rune(random.Next(0xd800)));
            }

            Assert.Equal(text.ToString(), PercentEncoding.Decode(PercentEncoding.Encode(text.ToString())));
        }
    }
}
