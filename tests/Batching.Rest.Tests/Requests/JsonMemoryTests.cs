using System.Buffers;
using System.Text;
using System.Text.Json;
using Batching.Rest.Calls;
using Batching.Rest.Requests;
using Microsoft.AspNetCore.Http;

namespace Batching.Rest.Tests.Requests;

public sealed class JsonMemoryTests
{
    private const int Parts = 1000;

    [Theory]
    [InlineData("{}", 400)]
    [InlineData("[]", 100)]
    [InlineData("1", 100)]
    [InlineData("null", 100)]
    [InlineData("\"ab\"", 104)]
    [InlineData("{\"abc\":true}", 634)]
    public void Check_ManyParts_CountsEach(string part, int bytes)
    {
        var json = $"[{string.Join(", ", Enumerable.Repeat(part, Parts))}]";

        Assert.False(IsRefused(json, (Parts * bytes) + 100));
        Assert.True(IsRefused(json, (Parts * bytes) + 99));
    }

    [Fact]
    public void Check_ValueThatStaysJson_CountsItsText()
    {
        var json = $$"""[{"raw": [{{string.Join(",", Enumerable.Repeat("1", Parts))}}]}]""";

        Assert.False(IsRefused(json, 100 + 400 + 128 + 6 + (2 * ((2 * Parts) + 1)), KeepsRaw));
        Assert.True(IsRefused(json, 100 + 400 + 128 + 6 + (2 * ((2 * Parts) + 1)) - 1, KeepsRaw));
        Assert.True(IsRefused(json, 100 * Parts));
    }

    [Theory]
    [InlineData("[1, 2, 3")]
    [InlineData("[1, 2, 3, ]]")]
    [InlineData("{\"a\"")]
    [InlineData("\u0001")]
    [InlineData("")]
    public void Check_Malformed_IsLeftForTheReader(string json) => Assert.False(IsRefused(json, 1000));

    [Fact]
    public void Check_VeryDeep_Ends() => Assert.True(IsRefused(new string('[', Parts), 99 * Parts));

    private static bool KeepsRaw(in Utf8JsonReader name) =>
        name.CurrentDepth == 2 && name.ValueTextEquals("raw"u8);

    private static bool IsRefused(string json, long limit, JsonMemory.KeepsRaw? keepsRaw = null)
    {
        try
        {
            JsonMemory.Take(
                new DefaultHttpContext(), new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(json)), limit, keepsRaw ?? (static (in _) => false));
            return false;
        }
        catch (RefusedCallException refused)
        {
            Assert.Equal(413, refused.Error.HttpStatus);
            return true;
        }
    }
}
