using Batching.Engine.Upstreams;
using Google.Protobuf.WellKnownTypes;

namespace Batching.Engine.Tests.Upstreams;

public sealed class QueryParamsTests
{
    [Fact]
    public void Append_EveryType_IsWrittenAsDocumented()
    {
        var parameters = Struct.Parser.ParseJson(
            """
            {"s": "a b&c=d/é", "n": 7, "f": 1.5, "t": true, "no": false, "nothing": null, "empty": "",
             "list": [1, "two", true, null], "none": [], "o": {"k": 1}, "big": "12345678901234567890"}
            """);
        var query = QueryParams.Append("/items", parameters);
        Assert.Equal(
            "/items?s=a%20b%26c%3Dd%2F%C3%A9&n=7&f=1.5&t=true&no=false&empty=&list=1&list=two&list=true"
            + "&o=%7B%20%22k%22%3A%201%20%7D&big=12345678901234567890",
            query);
    }

    [Theory]
    [InlineData("/items", "/items?a=1")]
    [InlineData("/items?", "/items?a=1")]
    [InlineData("/items?b=2", "/items?b=2&a=1")]
    [InlineData("/items?b=2&", "/items?b=2&a=1")]
    public void Append_PathWithAQuery_GoesOnBehindIt(string path, string expected) =>
        Assert.Equal(expected, QueryParams.Append(path, Struct.Parser.ParseJson("""{"a": 1}""")));

    [Fact]
    public void Append_Nothing_LeavesThePathAsItIs()
    {
        Assert.Equal("/items", QueryParams.Append("/items", null));
        Assert.Equal("/items", QueryParams.Append("/items", new Struct()));
        Assert.Equal("/items", QueryParams.Append("/items", Struct.Parser.ParseJson("""{"a": null, "b": []}""")));
    }

    [Theory]
    [InlineData(0d, "0")]
    [InlineData(250d, "250")]
    [InlineData(-7d, "-7")]
    [InlineData(1.1, "1.1")]
    [InlineData(0.1, "0.1")]
    [InlineData(9007199254740991d, "9007199254740991")]
    [InlineData(1e20, "100000000000000000000")]
    [InlineData(1e21, "1e+21")]
    [InlineData(-1.5e300, "-1.5e+300")]
    [InlineData(0.0001, "0.0001")]
    [InlineData(0.00001, "0.00001")]
    [InlineData(-0.000012, "-0.000012")]
    [InlineData(0.000001, "0.000001")]
    [InlineData(0.0000001, "1e-7")]
    [InlineData(1.25e-9, "1.25e-9")]
    [InlineData(5e-324, "5e-324")]
    public void FormatNumber_IsAsJavaScriptWritesIt(double number, string expected) =>
        Assert.Equal(expected, QueryParams.FormatNumber(number));
}
