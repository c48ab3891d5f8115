using System.Text;
using System.Text.Json;
using Batching.Engine.Content;
using Batching.Engine.Spawning;

namespace Batching.Engine.Tests.Spawning;

public sealed class PageReadingTests
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
        Assert.Equal(expected, FindText(Encoding.UTF8.GetBytes(body)));

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
        FindText(Encoding.UTF8.GetBytes(body)));

    [Fact]
    public void FindText_InvalidUtf8_Throws() => Assert.Throws<FormatException>(() =>
        FindText([.. "{\"cursor\": \""u8, 0xC3, 0x28, .. "\"}"u8]));

    [Fact]
    public void FindText_DeepNesting_IsRead()
    {
        var body = $"{{\"a\": {new string('[', 2_000)}{new string(']', 2_000)}, \"cursor\": \"c\"}}";

        Assert.Equal("c", FindText(Encoding.UTF8.GetBytes(body)));
    }

    [Fact]
    public void FindText_LargeBody_AllocatesNextToNothing()
    {
        var body = Encoding.UTF8.GetBytes(
            $"{{\"items\": [{string.Join(',', Enumerable.Repeat("{\"a\": [1, 2, {\"cursor\": 3}]}", 300_000))}], \"cursor\": \"c\"}}");
        var pattern = new PagePattern(null);
        var slot = pattern.Add(JsonPointer.Parse("/cursor"));
        Read(body);

        var before = GC.GetAllocatedBytesForCurrentThread();
        var (cursor, count) = Read(body);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4_096);
        Assert.Equal("c", cursor);
        Assert.Equal(300_000, count);

        (string? Cursor, int? Count) Read(byte[] bytes)
        {
            var reading = new PageReading(pattern, bytes, stackalloc PageValue[pattern.Count]);
            reading.Read(enough: -1, wantsItems: true);
            return (reading.FindText(slot, "cursor"), reading.Items.Count);
        }
    }

    [Fact]
    public void Read_AllThatIsWantedFound_ReadsNoFurther()
    {
        var pattern = new PagePattern(null);
        var slot = pattern.Add(JsonPointer.Parse("/cursor"));
        var reading = new PageReading(
            pattern, """{"items": [1, 2], "cursor": "c", "then": broken"""u8, stackalloc PageValue[pattern.Count]);

        reading.Read(slot, wantsItems: true);

        Assert.Equal("c", reading.FindText(slot, "cursor"));
        Assert.Equal(2, reading.Items.Count);
    }

    [Fact]
    public void Read_ManyPlaces_FindsAllInOnePass()
    {
        string[] pointers = ["/a", "/b/c", "/b/d/1", "/b/d/1/e", "/f~1g/~0", "/missing", "/b", "/a"];
        var pattern = new PagePattern(JsonPointer.Parse("/b/d"));
        int[] slots = [.. pointers.Select(pointer => pattern.Add(JsonPointer.Parse(pointer)))];
        var reading = new PageReading(
            pattern,
            """{"x": [{"a": 9}], "b": {"d": [7, {"e": "in"}, null], "c": 2}, "f/g": {"~": true}, "a": "first", "a": "second"}"""u8,
            stackalloc PageValue[pattern.Count]);

        reading.Read(enough: -1, wantsItems: true);

        Assert.Equal(slots[0], slots[^1]);
        Assert.Equal("first", reading.FindText(slots[0], "a"));
        Assert.Equal(2, reading.FindInteger(slots[1]));
        Assert.Equal(JsonTokenType.StartObject, reading[slots[2]].Kind);
        Assert.Equal("in", reading.FindText(slots[3], "e"));
        Assert.Equal(JsonTokenType.True, reading[slots[4]].Kind);
        Assert.False(reading[slots[5]].IsGiven);
        Assert.Equal(JsonTokenType.StartObject, reading[slots[6]].Kind);
        Assert.Equal(3, reading.Items.Count);
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
        Assert.Equal(expected, FindInteger(body));

    [Theory]
    [InlineData("250", 250L)]
    [InlineData("many", null)]
    [InlineData("-1", null)]
    [InlineData("", null)]
    public void ParseInteger_Text_IsAWholeNumberFrom0(string text, long? expected) =>
        Assert.Equal(expected, PageReading.ParseInteger(text));

    [Theory]
    [InlineData("[]", null, 0)]
    [InlineData("[1, [2, 3], {\"a\": [4]}]", null, 3)]
    [InlineData("""{"a": 1, "b": {"c": [1, 2, 3]}, "d": [1, 2], "e": [1]}""", null, 2)]
    [InlineData("""{"a": [1], "b": {"c": [1, 2, 3]}}""", "/b/c", 3)]
    [InlineData("[[1, 2], [3]]", "/0", 2)]
    [InlineData("[1, 2]", "", 2)]
    [InlineData("\uFEFF[1]", null, 1)]
    public void CountItems_Body_CountsThem(string body, string? path, int expected) => Assert.Equal(
        expected, CountItems(body, path));

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
        CountItems(body, path));

    private static string? FindText(ReadOnlySpan<byte> body)
    {
        var pattern = new PagePattern(null);
        var slot = pattern.Add(JsonPointer.Parse("/cursor"));
        var reading = new PageReading(pattern, body, stackalloc PageValue[pattern.Count]);
        reading.Read(slot, wantsItems: false);
        return reading.FindText(slot, "cursor");
    }

    private static long? FindInteger(string body)
    {
        var pattern = new PagePattern(null);
        var slot = pattern.Add(JsonPointer.Parse("/total"));
        var reading = new PageReading(pattern, Encoding.UTF8.GetBytes(body), stackalloc PageValue[pattern.Count]);
        reading.Read(enough: -1, wantsItems: false);
        return reading.FindInteger(slot);
    }

    private static int CountItems(string body, string? path)
    {
        var pattern = new PagePattern(path is null ? null : JsonPointer.Parse(path));
        var reading = new PageReading(pattern, Encoding.UTF8.GetBytes(body), stackalloc PageValue[pattern.Count]);
        reading.Read(enough: -1, wantsItems: true);
        return reading.CountItems();
    }
}
