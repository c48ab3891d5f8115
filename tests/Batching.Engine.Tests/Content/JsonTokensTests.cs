using System.Text;
using System.Text.Json;
using Batching.Engine.Content;

namespace Batching.Engine.Tests.Content;

public sealed class JsonTokensTests
{
    [Theory]
    [InlineData("""  "data" """, true)]
    [InlineData("""  "d\u0061ta" """, true)]
    [InlineData("""  "\ud83d" """, false)]
    [InlineData("""  "d\ud83d" """, false)]
    [InlineData("""  "\udc00\ud83d" """, false)]
    public void Matches_AnyName_DoesNotThrow(string json, bool expected)
    {
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(json));
        reader.Read();
        Assert.Equal(expected, JsonTokens.Matches(reader, "data"u8));
    }

    [Theory]
    [InlineData("""  "\ud83d\ude00\\u\"" """, "\ud83d\ude00\\u\"")]
    [InlineData("""  "\uD83D\\uDE00" """, null)]
    [InlineData("""  "x\ud83d" """, null)]
    [InlineData("""  "\ude00" """, null)]
    [InlineData("""  "\ud83d\ud83d\ude00" """, null)]
    public void FindText_AnyString_IsItsTextOrNull(string json, string? expected)
    {
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(json));
        reader.Read();
        Assert.Equal(expected, JsonTokens.FindText(reader));
    }

    [Fact]
    public void FindText_NotUtf8_IsNull()
    {
        var reader = new Utf8JsonReader([(byte)'"', 0xC3, 0x28, (byte)'"']);
        reader.Read();
        Assert.Null(JsonTokens.FindText(reader));
    }
}
