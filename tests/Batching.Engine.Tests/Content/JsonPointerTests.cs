using System.Text;
using System.Text.Json;
using Batching.Engine.Content;
using FsCheck.Xunit;

namespace Batching.Engine.Tests.Content;

public sealed class JsonPointerTests
{
    // The document of RFC 6901, section 5, and its answers.
    private const string Document = """
        {"foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4, "i\\j": 5, "k\"l": 6, " ": 7, "m~n": 8}
        """;

    [Theory]
    [InlineData("", "{")]
    [InlineData("/foo", "[")]
    [InlineData("/foo/0", "bar")]
    [InlineData("/foo/1", "baz")]
    [InlineData("/", "0")]
    [InlineData("/a~1b", "1")]
    [InlineData("/c%d", "2")]
    [InlineData("/e^f", "3")]
    [InlineData("/g|h", "4")]
    [InlineData("/i\\j", "5")]
    [InlineData("/k\"l", "6")]
    [InlineData("/ ", "7")]
    [InlineData("/m~0n", "8")]
    [InlineData("/foo/2", null)]
    [InlineData("/foo/-", null)]
    [InlineData("/foo/-1", null)]
    [InlineData("/foo/00", null)]
    [InlineData("/foo/01", null)]
    [InlineData("/foo/+1", null)]
    [InlineData("/foo/99999999999", null)]
    [InlineData("/foo/0/x", null)]
    [InlineData("/Foo", null)]
    [InlineData("/missing/x", null)]
    [InlineData("/m~01n", null)]
    public void TryMoveTo_RfcExamples_FindsTheValue(string path, string? expected) =>
        Assert.Equal(expected, Find(Document, path));

    [Theory]
    [InlineData("""{"a": {"b": {"x": 1}}, "b": 2}""", "/b", "2")]
    [InlineData("""{"a": [{"b": 1}, {"b": [1, {"c": "d"}]}]}""", "/a/1/b/1/c", "d")]
    [InlineData("""{"a": 1, "a": 2}""", "/a", "1")]
    [InlineData("""{"\u0061": 1}""", "/a", "1")]
    [InlineData("""{"é": {"日本": 1}}""", "/é/日本", "1")]
    [InlineData("[[1, 2], [3, 4]]", "/1/0", "3")]
    [InlineData("7", "", "7")]
    [InlineData("7", "/a", null)]
    public void TryMoveTo_Nested_FindsTheFirst(string json, string path, string? expected) =>
        Assert.Equal(expected, Find(json, path));

    // Against the framework's own documents: every value of any document is where its path says.
    [Property(MaxTest = 1_000)]
    public void TryMoveTo_AnyDocument_FindsEveryValue(byte[] choices)
    {
        var json = DocumentOf(new Queue<byte>(choices));
        using var document = JsonDocument.Parse(json);
        AssertFinds(json, document.RootElement, "");
    }

    [Theory]
    [InlineData("")]
    [InlineData("  ")]
    [InlineData("{\"a\": 1")]
    [InlineData("{a: 1}")]
    [InlineData("<x/>")]
    public void TryMoveTo_NoJson_Throws(string text) => Assert.ThrowsAny<JsonException>(() => Find(text, "/b"));

    [Theory]
    [InlineData("", true)]
    [InlineData("/", true)]
    [InlineData("/a/b", true)]
    [InlineData("a", false)]
    [InlineData("#/a", false)]
    public void IsValid_Text_BeginsWithASlashOrIsEmpty(string text, bool expected) =>
        Assert.Equal(expected, JsonPointer.IsValid(text));

    // Any bytes are a document: each decides what comes next, and where they end, so does it.
    private static string DocumentOf(Queue<byte> choices)
    {
        string[] leaves = ["0", "-1.5e3", "true", "null", "\"\"", "\"a/b\"", "\"\\u0061\""];
        string[] names = ["a", "", "A", "/", "~", "~1", "~0", "0", "01", "-", " ", "é", "\""];
        var (kind, choice) = Math.DivRem(choices.TryDequeue(out var next) ? next : (byte)0, (byte)64);
        var count = kind == 0 ? 0 : choice % 5;
        return kind switch
        {
            0 => leaves[choice % leaves.Length],
            1 => $"[{string.Join(", ", Enumerable.Range(0, count).Select(_ => DocumentOf(choices)))}]",
            _ => $"{{{string.Join(", ", Enumerable.Range(choice, count).Select(
                i => $"{JsonSerializer.Serialize(names[i % names.Length])}: {DocumentOf(choices)}"))}}}",
        };
    }

    private static void AssertFinds(string json, JsonElement value, string path)
    {
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(json));
        Assert.True(JsonPointer.Parse(path).TryMoveTo(ref reader), $"{path} of {json}");
        using var found = JsonDocument.ParseValue(ref reader);
        Assert.Equal(value.GetRawText(), found.RootElement.GetRawText());
        if (value.ValueKind == JsonValueKind.Array)
        {
            foreach (var (index, item) in value.EnumerateArray().Index())
            {
                AssertFinds(json, item, $"{path}/{index}");
            }
        }
        else if (value.ValueKind == JsonValueKind.Object)
        {
            foreach (var member in value.EnumerateObject())
            {
                AssertFinds(json, member.Value, $"{path}/{member.Name.Replace("~", "~0").Replace("/", "~1")}");
            }
        }
    }

    private static string? Find(string json, string path)
    {
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(json));
        return JsonPointer.Parse(path).TryMoveTo(ref reader)
            ? reader.TokenType == JsonTokenType.String ? reader.GetString() : Encoding.UTF8.GetString(reader.ValueSpan)
            : null;
    }
}
