using System.Text;
using Batching.Engine.Spawning;
using Batching.Engine.Upstreams;

namespace Batching.Spawning.Tests.Units;

public sealed class PageFactsTests
{
    [Theory]
    [InlineData("""{"cursor": "abc"}""", "abc")]
    [InlineData("""{"cursor": ""}""", null)]
    [InlineData("""{"cursor": null}""", null)]
    [InlineData("{}", null)]
    [InlineData("[]", null)]
    [InlineData("\"text\"", null)]
    [InlineData("""{"cursor": "a\"b\\c\/d\n\u00e9\ud83d\ude00"}""", "a\"b\\c/d\n\u00e9\U0001F600")]
    [InlineData("""{"cursor": 0}""", "0")]
    [InlineData("""{"cursor": 12345678901234567890123}""", "12345678901234567890123")]
    [InlineData("""{"cursor": -1.50e+3}""", "-1.50e+3")]
    [InlineData("\uFEFF{\"cursor\": \"abc\"}", "abc")]
    [InlineData("""{"cursor": "found", "then": broken""", "found")]
    [InlineData("""{"\ud800": 1, "cursor": "behind half a pair"}""", "behind half a pair")]
    [InlineData("""{"\ud800": 1, "x": "\udc00"}""", null)]
    public void FindText_Body_FindsIt(string body, string? expected) =>
        Assert.Equal(expected, PageFacts.FindText(Encoding.UTF8.GetBytes(body), JsonPointer.Parse("/cursor"), "cursor"));

    [Theory]
    [InlineData("""{"cursor": true}""")]
    [InlineData("""{"cursor": []}""")]
    [InlineData("""{"cursor": {}}""")]
    [InlineData("""{"cursor": "\ud800"}""")]
    [InlineData("{\"a\": 1")]
    [InlineData("{\"a\": 1,}")]
    [InlineData("nothing")]
    [InlineData(" ")]
    public void FindText_SomethingElse_Throws(string body) => Assert.Throws<FormatException>(() =>
        PageFacts.FindText(Encoding.UTF8.GetBytes(body), JsonPointer.Parse("/cursor"), "cursor"));

    [Fact]
    public void FindText_InvalidUtf8_Throws() => Assert.Throws<FormatException>(() =>
        PageFacts.FindText([.. "{\"cursor\": \""u8, 0xC3, 0x28, .. "\"}"u8], JsonPointer.Parse("/cursor"), "cursor"));

    [Fact]
    public void FindText_DeepNesting_IsRead()
    {
        var body = $"{{\"a\": {new string('[', 2_000)}{new string(']', 2_000)}, \"cursor\": \"c\"}}";

        Assert.Equal("c", PageFacts.FindText(Encoding.UTF8.GetBytes(body), JsonPointer.Parse("/cursor"), "cursor"));
    }

    [Fact]
    public void FindText_LargeBody_AllocatesNextToNothing()
    {
        var body = Encoding.UTF8.GetBytes(
            $"{{\"items\": [{string.Join(',', Enumerable.Repeat("{\"a\": [1, 2, {\"cursor\": 3}]}", 300_000))}], \"cursor\": \"c\"}}");
        var pointer = JsonPointer.Parse("/cursor");
        PageFacts.FindText(body, pointer, "cursor");

        var before = GC.GetAllocatedBytesForCurrentThread();
        var cursor = PageFacts.FindText(body, pointer, "cursor");
        var count = PageFacts.CountItems(body, null);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4_096);
        Assert.Equal("c", cursor);
        Assert.Equal(300_000, count);
    }

    [Theory]
    [InlineData("""{"total": 250}""", 250L)]
    [InlineData("""{"total": "250"}""", 250L)]
    [InlineData("""{"total": 0}""", 0L)]
    [InlineData("""{"total": -1}""", null)]
    [InlineData("""{"total": 2.5}""", null)]
    [InlineData("""{"total": 99999999999999999999}""", null)]
    [InlineData("""{"total": "many"}""", null)]
    [InlineData("""{"\udc00": 1, "total": "\ud83d"}""", null)]
    [InlineData("""{"total": "-1"}""", null)]
    [InlineData("""{"total": null}""", null)]
    [InlineData("""{"total": {"value": 3}}""", null)]
    [InlineData("{}", null)]
    public void FindInteger_Body_IsAWholeNumberFrom0(string body, long? expected) =>
        Assert.Equal(expected, PageFacts.FindInteger(Encoding.UTF8.GetBytes(body), JsonPointer.Parse("/total")));

    [Theory]
    [InlineData("x-total-count: 250\n", 250L)]
    [InlineData("x-total: 1\nx-total-count: 9\n", 9L)]
    [InlineData("x-total-count: many\n", null)]
    [InlineData("x-total-count: -1\n", null)]
    [InlineData("x-other: 1\n", null)]
    public void FindInteger_Header_IsAWholeNumberFrom0(string headers, long? expected)
    {
        var buffer = BodyBuffers.Rent(headers.Length);
        var length = Encoding.UTF8.GetBytes(headers, buffer);
        using var reply = UpstreamReply.FromApi(200, buffer, length, length);

        Assert.Equal(expected, PageFacts.FindInteger(reply, "X-Total-Count"));
    }

    [Theory]
    [InlineData("[]", null, 0)]
    [InlineData("[1, [2, 3], {\"a\": [4]}]", null, 3)]
    [InlineData("""{"a": 1, "b": {"c": [1, 2, 3]}, "d": [1, 2], "e": [1]}""", null, 2)]
    [InlineData("""{"a": [1], "b": {"c": [1, 2, 3]}}""", "/b/c", 3)]
    [InlineData("[[1, 2], [3]]", "/0", 2)]
    [InlineData("[1, 2]", "", 2)]
    [InlineData("\uFEFF[1]", null, 1)]
    public void CountItems_Body_CountsThem(string body, string? path, int expected) => Assert.Equal(
        expected, PageFacts.CountItems(Encoding.UTF8.GetBytes(body), path is null ? null : JsonPointer.Parse(path)));

    [Theory]
    [InlineData("{}", null)]
    [InlineData("7", null)]
    [InlineData("null", null)]
    [InlineData("[1, 2", null)]
    [InlineData("[1, 2}", null)]
    [InlineData("hello", null)]
    [InlineData("""{"a": {"b": 1}}""", "/a/b")]
    [InlineData("""{"a": []}""", "/b")]
    [InlineData("""{"\ud800": 1}""", "/b")]
    public void CountItems_NoArray_Throws(string body, string? path) => Assert.Throws<FormatException>(() =>
        PageFacts.CountItems(Encoding.UTF8.GetBytes(body), path is null ? null : JsonPointer.Parse(path)));
}
