using Batching.Engine.Content;
using Batching.Engine.Model;
using Batching.Engine.Spawning;
using Google.Protobuf;

namespace Batching.Engine.Tests.Spawning;

public sealed class BodyPointerTests
{
    [Theory]
    [InlineData("""{"a": 1, "b" : [2]}""", "/a", """{"a": NEW, "b" : [2]}""")]
    [InlineData("""{"a": 1, "b" : [2]}""", "/b", """{"a": 1, "b" : NEW}""")]
    [InlineData("""{"a": 1 }""", "/c", """{"a": 1 ,"c":NEW}""")]
    [InlineData("{}", "/c", """{"c":NEW}""")]
    [InlineData("""{"v": {"x": 1e400}}""", "/v/y", """{"v": {"x": 1e400,"y":NEW}}""")]
    [InlineData("{}", "/v/y/z", """{"v":{"y":{"z":NEW}}}""")]
    [InlineData("""{"v": {}}""", "/v/y/z", """{"v": {"y":{"z":NEW}}}""")]
    [InlineData("""{"a~/b": 1}""", "/a~0~1b", """{"a~/b": NEW}""")]
    [InlineData("[1]", "", "NEW")]
    public void Find_Place_LeavesEveryOtherByte(string body, string place, string expected)
    {
        var bytes = ByteString.CopyFromUtf8(body);

        var splice = BodyPointer.Find(bytes.Span, JsonPointer.Parse(place), "NEW");

        Assert.Equal(expected, BodySplice.Apply(bytes, splice!.Value.Encode()).ToStringUtf8());
    }

    [Theory]
    [InlineData("", "/a")]
    [InlineData("no JSON", "/a")]
    [InlineData("[1]", "/0")]
    [InlineData("""{"v": 7}""", "/v/y")]
    [InlineData("""{"v": 7""", "/y")]
    public void Find_NoPlace_IsNull(string body, string place) =>
        Assert.Null(BodyPointer.Find(System.Text.Encoding.UTF8.GetBytes(body), JsonPointer.Parse(place), "NEW"));

    [Fact]
    public void Apply_Nothing_IsTheBodyOfTheSpawner() =>
        Assert.Equal("{}", BodySplice.Apply(ByteString.CopyFromUtf8("{}"), ByteString.Empty).ToStringUtf8());
}
