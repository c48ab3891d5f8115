using System.Buffers;
using System.Text;
using System.Text.Json;
using Grpc.AspNetCore.JsonTranscoding;
using Grpc.AspNetCore.JsonTranscoding.Internal.Json;

namespace Grpc.JsonTranscoding.Tests.Json;

public sealed class DecodedSizeTests
{
    private const int Parts = 1000;

    [Theory]
    [InlineData("{}", 400)]
    [InlineData("[]", 100)]
    [InlineData("1", 100)]
    [InlineData("null", 100)]
    [InlineData("\"ab\"", 104)]
    [InlineData("{\"abc\":true}", 634)]
    public void Exceeds_ManyParts_CountsEach(string part, int bytes)
    {
        var json = $"[{string.Join(", ", Enumerable.Repeat(part, Parts))}]";

        Assert.False(Exceeds(json, (Parts * bytes) + 100));
        Assert.True(Exceeds(json, (Parts * bytes) + 99));
    }

    [Fact]
    public void Exceeds_ValueThatStaysJson_CountsItsBytes()
    {
        var json = $$"""[{"raw": [{{string.Join(",", Enumerable.Repeat("1", Parts))}}]}]""";

        Assert.False(Exceeds(json, 100 + 400 + 128 + 6 + (2 * Parts) + 1, new RawDialect()));
        Assert.True(Exceeds(json, 100 + 400 + 128 + 6 + (2 * Parts), new RawDialect()));
        Assert.True(Exceeds(json, 100 * Parts));
    }

    [Theory]
    [InlineData("[1, 2, 3")]
    [InlineData("[1, 2, 3, ]]")]
    [InlineData("{\"a\"")]
    [InlineData("\u0001")]
    [InlineData("")]
    public void Exceeds_Malformed_IsLeftForTheReader(string json) => Assert.False(Exceeds(json, 1000));

    [Fact]
    public void Exceeds_ByteOrderMark_IsNoWayRound() =>
        Assert.True(Exceeds($"\uFEFF[{string.Join(",", Enumerable.Repeat("1", Parts))}]", 50 * Parts));

    [Fact]
    public void Exceeds_VeryDeep_Ends() => Assert.True(Exceeds(new string('[', Parts), 99 * Parts));

    private static bool Exceeds(string json, long limit, JsonDialect? dialect = null) =>
        DecodedSize.Exceeds(new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(json)), dialect ?? new JsonDialect(), limit);

    private sealed class RawDialect : JsonDialect
    {
        public override bool KeepsRaw(in Utf8JsonReader name, JsonTokenType value) =>
            name.CurrentDepth == 2 && name.ValueTextEquals("raw"u8);
    }
}
