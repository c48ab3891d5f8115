using Batching.Engine.Configuration;
using Batching.Engine.Content;
using Batching.Engine.Upstreams;
using Batching.V1;
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
        var query = Append("/items", parameters);
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
        Assert.Equal(expected, Append(path, Struct.Parser.ParseJson("""{"a": 1}""")));

    [Fact]
    public void Append_Nothing_LeavesThePathAsItIs()
    {
        Assert.Equal("/items", Append("/items", null));
        Assert.Equal("/items", Append("/items", new Struct()));
        Assert.Equal("/items", Append("/items", Struct.Parser.ParseJson("""{"a": null, "b": []}""")));
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
        Assert.Equal(expected, StructParams.FormatNumber(number));

    [Theory]
    [InlineData("""{"id": 1848978610960949800}""", "?id=1848978610960949800")]
    [InlineData("""{"a":1.50,"b":1e3,"c":-0,"d":1E400,"e":-0.0e-7}""", "?a=1.50&b=1e3&c=-0&d=1E400&e=-0.0e-7")]
    [InlineData("""{"a":[18446744073709551616, 2.0, "x", null, true]}""", "?a=18446744073709551616&a=2.0&a=x&a=true")]
    [InlineData("""{"o":{"n":1848978610960949800, "d":1.50}}""", "?o=%7B%22n%22%3A1848978610960949800%2C%20%22d%22%3A1.50%7D")]
    [InlineData("""{"o":[[1.0],{"x":[]}]}""", "?o=%5B1.0%5D&o=%7B%22x%22%3A%5B%5D%7D")]
    [InlineData("""{"\u00fc":"\ud83d\ude00\n\/"}""", "?%C3%BC=%F0%9F%98%80%0A%2F")]
    [InlineData("""{"a":"x","b":2,"a":3}""", "?a=3&b=2")]
    [InlineData("""{"":1,"o":{"":"\ud83d"}}""", "?=1&o=%7B%22%22%3A%22%5Cud83d%22%7D")]
    [InlineData(" {\n} ", "")]
    public void TryAppend_ParamsAsJson_AreSentAsTheyAreWritten(string json, string expected) =>
        Assert.Equal("/items" + expected, AppendAll(new Request { Path = "/items", ParamsJson = json }));

    [Theory]
    [InlineData("[]", "is not a JSON object")]
    [InlineData("{\"a\":01}", "is not a JSON object")]
    [InlineData("{} {}", "is not a JSON object")]
    [InlineData(" ", "is not a JSON object")]
    [InlineData("""{"a":"\ud83d"}""", "has the param 'a', which is not valid Unicode")]
    [InlineData("""{"a":["\udc00"]}""", "has the param 'a', which is not valid Unicode")]
    [InlineData("""{"\ud83d":1}""", "has a param whose name is not valid Unicode")]
    [InlineData("""{"a":[[[[1]]]]}""", "has the param 'a', which is nested too deeply")]
    [InlineData("""{"a":{"b":{"c":{"d":{}}}}}""", "has the param 'a', which is nested too deeply")]
    [InlineData("""{"a":"123456789012345678901234567890123456789012345678901234567890"}""", "is longer than 60 characters with its params")]
    public void TryAppend_BadParamsAsJson_AreRefused(string json, string expected)
    {
        var path = "/items";
        Assert.False(QueryParams.TryAppend(
            new Request { ParamsJson = json }, new LimitOptions { ParamsDepth = 4, PathLength = 60 }, ref path, out var problem));
        Assert.Equal(expected, problem.Message);
    }

    public static TheoryData<string, string> Endless => new()
    {
        { "nulls", $$"""{"a":[{{string.Join(',', Enumerable.Repeat("null", 100_000))}}]}""" },
        { "null params", $$"""{ {{string.Join(',', Enumerable.Range(0, 50_000).Select(i => $"\"{i}\":null"))}} }""" },
        { "empty lists", $$"""{ {{string.Join(',', Enumerable.Range(0, 50_000).Select(i => $"\"{i}\":[]"))}} }""" },
        { "one name", $$"""{ {{string.Join(',', Enumerable.Repeat("\"a\":1", 20_000))}} }""" },
        { "a long name", $$"""{"{{new string('n', 150_000)}}":[{{string.Join(',', Enumerable.Repeat("1", 75_000))}}]}""" },
        { "a name that fits", $$"""{"{{new string('n', 4_000)}}":[{{string.Join(',', Enumerable.Repeat("1", 20_000))}}]}""" },
        { "a large object", $$"""{"a":{"b":[{{string.Join(',', Enumerable.Repeat("1", 100_000))}}]} }""" },
        { "white space", $$"""{"a":1{{new string(' ', 500_000)}}}""" },
    };

    // Neither where they are kept as text nor where they came as a message.
    [Theory]
    [MemberData(nameof(Endless))]
    public void TryAppend_ParamsThatAddLittleOrTooMuchToThePath_AreRefusedAtLittleCost(string what, string json)
    {
        var message = Struct.Parser.ParseJson(json);
        Request[] requests = what is "white space" or "one name"
            ? [new Request { ParamsJson = json }]
            : [new Request { ParamsJson = json }, new Request { Params = message }];
        foreach (var request in requests)
        {
            var path = "/items";
            var before = GC.GetAllocatedBytesForCurrentThread();
            Assert.False(QueryParams.TryAppend(request, new LimitOptions(), ref path, out var problem));
            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

            Assert.Equal("path", problem.Field);
            Assert.Matches("longer than 8192 characters with its params|more than 32768 characters", problem.Message);
            Assert.InRange(allocated, 0, 3_000_000);
        }
    }

    [Fact]
    public void TryAppend_NullsOfAnOrdinaryRequest_AreLeftOut()
    {
        var nulls = string.Join(',', Enumerable.Range(0, 500).Select(i => $"\"name{i}\":null"));
        Assert.Equal("/items?a=1", AppendAll(new Request { Path = "/items", ParamsJson = $$"""{ {{nulls}},"a":1}""" }));
        Assert.Equal("/items?a=1", Append("/items", Struct.Parser.ParseJson($$"""{ {{nulls}},"a":1}""")));
    }

    [Fact]
    public void TryAppend_ParamsInBothForms_AreRefused()
    {
        var path = "/items";
        Assert.False(QueryParams.TryAppend(
            new Request { ParamsJson = "{}", Params = new Struct() }, new LimitOptions(), ref path, out var problem));
        Assert.Equal("params_json", problem.Field);
    }

    [Fact]
    public void TryAppend_Query_ComesInOrderInFrontOfParams()
    {
        var request = new Request { Path = "/items?x=0", ParamsJson = """{"p":1.0}""" };
        request.Query.Add(new QueryParameter { Name = "b", Value = "1848978610960949800" });
        request.Query.Add(new QueryParameter { Name = "a&", Value = "1.50 =" });
        request.Query.Add(new QueryParameter { Name = "b" });
        Assert.Equal("/items?x=0&b=1848978610960949800&a%26=1.50%20%3D&b=&p=1.0", AppendAll(request));
    }

    [Theory]
    [InlineData("{}", """{"limit":7}""")]
    [InlineData(" { \"a\" : 1.50 } ", " { \"a\" : 1.50 ,\"limit\":7}")]
    [InlineData("{\"limit\" : 1e2 , \"\\u0061\":2.0}", "{\"limit\" : 7 , \"\\u0061\":2.0}")]
    [InlineData("""{"limit":1,"l\u0069mit":2}""", """{"limit":1,"l\u0069mit":7}""")]
    public void With_AnyText_LeavesTheRestAsItIs(string json, string expected)
    {
        Assert.True(JsonParams.TryParse(json, out var parameters));
        Assert.Equal(expected.TrimEnd(), parameters.With("limit", "7").TrimEnd());
    }

    // The same as one after the other.
    [Theory]
    [InlineData("{}")]
    [InlineData(" {\n} ")]
    [InlineData(" { \"a\" : 1.50 } ")]
    [InlineData("""{"limit":1e2,"cursor":null,"a":{"limit":5}} """)]
    [InlineData("""{ "cursor": "x" , "a": [1], "limit" : 7 }  """)]
    [InlineData("""{"limit":1,"l\u0069mit":2}""")]
    public void Merge_AnyText_SetsAllAndLeavesTheRestAsItIs(string json)
    {
        const string cursor = "\"\u00e9\\\"\"";
        Assert.True(JsonParams.TryParse(json, out var first));
        Assert.True(JsonParams.TryParse(first.With("limit", "100"), out var second));

        Assert.Equal(second.With("cursor", cursor), JsonParams.Merge(json, $$"""{"limit":100,"cursor":{{cursor}}}"""));
        Assert.Equal(json, JsonParams.Merge(json, "{}"));
    }

    private static string Append(string path, Struct? parameters) =>
        AppendAll(new Request { Path = path, Params = parameters });

    private static string AppendAll(Request request)
    {
        var path = request.Path;
        Assert.True(QueryParams.TryAppend(request, new LimitOptions(), ref path, out var problem), problem?.Message);
        return path;
    }
}
