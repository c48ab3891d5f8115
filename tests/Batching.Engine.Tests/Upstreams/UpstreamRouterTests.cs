using Batching.Engine.Configuration;
using Batching.Engine.Upstreams;
using Batching.V1;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Tests.Upstreams;

public sealed class UpstreamRouterTests
{
    [Theory]
    [InlineData("/crm", "http://crm.test/base/crm")]
    [InlineData("/crm/people", "http://crm.test/base/crm/people")]
    [InlineData("/crm?x=1", "http://crm.test/base/crm?x=1")]
    [InlineData("crm/old/7", "http://old.test/crm/old/7")]
    [InlineData("/crmx", "http://rest.test/crmx")]
    [InlineData("/CRM/people", "http://rest.test/CRM/people")]
    [InlineData("/a%2Fb/%7Ec?d=%2e", "http://rest.test/a%2Fb/%7Ec?d=%2e")]
    public void TryRoute_SeveralUpstreams_TakesTheLongestPrefixAndSendsThePathAsItIs(string path, string expected)
    {
        using var router = Create(("/", "http://rest.test"), ("/crm", "http://crm.test/base/"), ("/crm/old/", "http://old.test"));
        Assert.True(router.TryRoute(new Request { Path = path }, out var route, out var problem), problem?.Message);
        Assert.Equal(expected, route.ToUri().AbsoluteUri);
        Assert.Equal(new Uri(expected).Host, route.ToUri().Host);
    }

    [Fact]
    public void TryRoute_NoUpstreamOwnsThePath_SaysWhichPathsThereAre()
    {
        using var router = Create(("/crm", "http://crm.test"));
        Assert.False(router.TryRoute(new Request { Path = "/items" }, out _, out var problem));
        Assert.Equal("belongs to no upstream: paths begin with /crm/", problem.Message);
    }

    [Fact]
    public void TryRoute_NoUpstreamAtAll_NamesTheKey()
    {
        using var router = Create();
        Assert.False(router.TryRoute(new Request { Path = "/items" }, out _, out var problem));
        Assert.Contains("Batch:Upstream", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TryRoute_ParamsMakeThePathTooLong_IsRefused()
    {
        using var router = Create(("/", "http://rest.test"));
        var parameters = new Struct { Fields = { ["q"] = Value.ForString(new string('x', 8_190)) } };
        Assert.False(router.TryRoute(new Request { Path = "/items", Params = parameters }, out _, out var problem));
        Assert.Equal("is longer than 8192 characters with its params", problem.Message);
    }

    // Params go behind the path: nothing in them can become part of it.
    [Fact]
    public void TryRoute_HostileParams_StayInTheQuery()
    {
        using var router = Create(("/", "http://rest.test"));
        var parameters = new Struct { Fields = { ["../@//#?&="] = Value.ForString("\r\n#/../ü") } };
        Assert.True(router.TryRoute(new Request { Path = "/items", Params = parameters }, out var route, out _));
        Assert.Equal("/items?..%2F%40%2F%2F%23%3F%26%3D=%0D%0A%23%2F..%2F%C3%BC", route.ToUri().PathAndQuery);
    }

    [Theory]
    [InlineData("http://rest.test", "/api/v0/batch")]
    [InlineData("http://rest.test", "api/v2/batch/")]
    [InlineData("http://rest.test", "/API/v0/Batch/5883192233295872/status")]
    [InlineData("http://rest.test", "/api/v0/batch?x=1")]
    [InlineData("http://rest.test", "/api%2Fv0/b%61tch")]
    [InlineData("http://rest.test", "/api/v0/b%2561tch")]
    [InlineData("http://rest.test", "/api;x/v0/batch;y=1/z")]
    [InlineData("http://rest.test", "/api/v0/batch%3Fx")]
    [InlineData("http://rest.test", "/api/v0/batch%2F..x")]
    [InlineData("http://rest.test", "/api/v1/batches")]
    [InlineData("http://rest.test", "/api/v1/batches:run")]
    [InlineData("http://rest.test", "/api/v1/Batches%3Arun")]
    [InlineData("http://rest.test", "/api/v1/batches/5883192233295872:cancel")]
    [InlineData("http://rest.test", "/batch.rest.v1.V2BatchService/Run")]
    [InlineData("http://rest.test", "/batch.v1.BatchService/CreateBatch")]
    [InlineData("http://rest.test", "/Batch.V1.KeyedBatchService/RunBatch")]
    [InlineData("http://rest.test/api", "/v0/batch")]
    [InlineData("http://rest.test/api/v2/", "batch")]
    public void TryRoute_PathOfBatches_IsRefused(string address, string path)
    {
        using var router = Create(("/", address));
        Assert.False(router.TryRoute(new Request { Path = path }, out _, out var problem));
        Assert.Contains("belongs to batches", problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/api/v0/batches")]
    [InlineData("/api/v1/batch")]
    [InlineData("/x/api/v0/batch")]
    [InlineData("/items?path=/api/v0/batch")]
    [InlineData("/api/v0/items/batch")]
    public void TryRoute_PathThatLooksLikeOne_IsRouted(string path)
    {
        using var router = Create(("/", "http://rest.test"));
        Assert.True(router.TryRoute(new Request { Path = path }, out _, out var problem), problem?.Message);
    }

    [Fact]
    public void TryRoute_ParamsThatAreNoJson_AreRefused()
    {
        using var router = Create(("/", "http://rest.test"));
        foreach (var (value, expected) in new[]
        {
            (new Value(), "has no value"),
            (Value.ForStruct(new Struct { Fields = { ["x"] = new Value() } }), "has no value"),
            (Value.ForList(new Value()), "has no value"),
            (Value.ForNumber(double.NaN), "is not a finite number"),
            (Value.ForList(Value.ForNumber(double.NegativeInfinity)), "is not a finite number"),
            (Nested(16), "is nested too deeply"),
            (Value.ForStruct(new Struct { Fields = { [""] = Value.ForBool(true) } }), "has a member without a name"),
            (Value.ForList(Value.ForStruct(new Struct { Fields = { [""] = Value.ForNull() } })), "has a member without a name"),
        })
        {
            Assert.False(router.TryRoute(new Request { Path = "/x", Params = new Struct { Fields = { ["p"] = value } } }, out _, out var problem));
            Assert.Equal($"has the param 'p', which {expected}", problem.Message);
        }

        var nameless = new Request { Path = "/x", Params = new Struct { Fields = { [""] = Value.ForString("x") } } };
        Assert.False(router.TryRoute(nameless, out _, out var why));
        Assert.Equal("has a param without a name, which only params_json and query can have", why.Message);
        Assert.True(router.TryRoute(new Request { Path = "/x", ParamsJson = """{"": "x"}""" }, out _, out _));
        Assert.True(router.TryRoute(new Request { Path = "/x", Params = new Struct { Fields = { ["p"] = Nested(15) } } }, out _, out _));
    }

    // So many levels within the params, which are one themselves.
    private static Value Nested(int levels)
    {
        var value = Value.ForString("x");
        for (var i = 0; i < levels; i++)
        {
            value = i % 2 == 0 ? Value.ForList(value) : Value.ForStruct(new Struct { Fields = { ["x"] = value } });
        }

        return value;
    }

    private static UpstreamRouter Create(params (string Prefix, string Address)[] upstreams)
    {
        var options = new BatchEngineOptions();
        options.OwnPaths.UnionWith(["/api/v0/batch", "/api/v1/batches", "/api/v2/batch", "/batch.v1.", "/batch.rest.v1."]);
        foreach (var (prefix, address) in upstreams)
        {
            options.Upstreams.Add(new UpstreamOptions { Prefix = prefix, BaseAddress = new Uri(address) });
        }

        return new UpstreamRouter(Options.Create(options));
    }
}
