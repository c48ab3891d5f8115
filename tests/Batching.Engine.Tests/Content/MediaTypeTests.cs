using Batching.Engine.Content;

namespace Batching.Engine.Tests.Content;

public sealed class MediaTypeTests
{
    [Theory]
    [InlineData("", "", "")]
    [InlineData("application/json", "application/json", "")]
    [InlineData("application/json; charset=utf-8", "application/json", "utf-8")]
    [InlineData("application/json;", "application/json", "")]
    [InlineData("Application/JSON ;; charset=UTF-8;", "application/json", "UTF-8")]
    [InlineData("application/json;;charset=", "application/json", "")]
    [InlineData("application/json;charset=;charset=latin1", "application/json", "latin1")]
    [InlineData("text/plain;charset=utf-8;charset=latin1", "text/plain", "utf-8")]
    [InlineData("text/plain; charset=\"utf-8\"", "text/plain", "utf-8")]
    [InlineData("text/plain; charset='utf-8'", "text/plain", "utf-8")]
    [InlineData("text/plain; charset = utf8", "text/plain", "utf8")]
    [InlineData("text/plain; format=\"a;charset=x\"; charset=utf-8", "text/plain", "utf-8")]
    [InlineData("text/plain; format=\"a;charset=x", "text/plain", "x")]
    [InlineData("application/json charset=utf-8", "application/json", "utf-8")]
    [InlineData("text/html, application/json", "application/json", "")]
    [InlineData("application/json; charset=utf-8, application/json", "application/json", "utf-8")]
    [InlineData("text/html;a=\",\", image/png;", "image/png", "")]
    [InlineData("application/json, */*", "application/json", "")]
    [InlineData("application/json, ", "application/json", "")]
    [InlineData("image/png;", "image/png", "")]
    [InlineData("charset=utf-8", "", "")]
    [InlineData(";charset=utf-8", "", "utf-8")]
    [InlineData("json", "", "")]
    [InlineData("/", "", "")]
    [InlineData("\"", "", "")]
    [InlineData(",;=,\";", "", "")]
    public void Parse_AsServersWriteIt_FindsTypeAndCharSet(string value, string name, string charSet) =>
        Assert.Equal(new MediaType(name, charSet), MediaType.Parse(value));

    [Theory]
    [InlineData("application/vnd.api+json", true)]
    [InlineData("application/problem+json; charset=utf-8", true)]
    [InlineData("text/json", true)]
    [InlineData("application/json-seq", false)]
    [InlineData("text/plain", false)]
    public void IsJson_ByName_IsAsRegistered(string value, bool expected) =>
        Assert.Equal(expected, MediaType.Parse(value).IsJson);
}
