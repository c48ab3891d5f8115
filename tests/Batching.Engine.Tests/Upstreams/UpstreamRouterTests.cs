using Batching.Engine.Upstreams;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Logging.Abstractions;
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
        Assert.True(router.TryRoute(path, null, out var route, out var problem), problem);
        Assert.Equal(expected, route.Target.AbsoluteUri);
        Assert.Equal(new Uri(expected).Host, route.Target.Host);
    }

    [Fact]
    public void TryRoute_NoUpstreamOwnsThePath_SaysWhichPathsThereAre()
    {
        using var router = Create(("/crm", "http://crm.test"));
        Assert.False(router.TryRoute("/items", null, out _, out var problem));
        Assert.Equal("belongs to no upstream: paths begin with /crm/", problem);
    }

    [Fact]
    public void TryRoute_NoUpstreamAtAll_NamesTheKey()
    {
        using var router = Create();
        Assert.False(router.TryRoute("/items", null, out _, out var problem));
        Assert.Contains("Batch:Upstream", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void TryRoute_ParamsMakeThePathTooLong_IsRefused()
    {
        using var router = Create(("/", "http://rest.test"));
        var parameters = new Struct { Fields = { ["q"] = Value.ForString(new string('x', 8_190)) } };
        Assert.False(router.TryRoute("/items", parameters, out _, out var problem));
        Assert.Equal("is longer than 8192 characters with its params", problem);
    }

    // Params go behind the path: nothing in them can become part of it.
    [Fact]
    public void TryRoute_HostileParams_StayInTheQuery()
    {
        using var router = Create(("/", "http://rest.test"));
        var parameters = new Struct { Fields = { ["../@//#?&="] = Value.ForString("\r\n#/../ü") } };
        Assert.True(router.TryRoute("/items", parameters, out var route, out _));
        Assert.Equal("/items?..%2F%40%2F%2F%23%3F%26%3D=%0D%0A%23%2F..%2F%C3%BC", route.Target.PathAndQuery);
    }

    private static UpstreamRouter Create(params (string Prefix, string Address)[] upstreams)
    {
        var options = new BatchEngineOptions();
        foreach (var (prefix, address) in upstreams)
        {
            options.Upstreams.Add(new UpstreamOptions { Prefix = prefix, BaseAddress = new Uri(address) });
        }

        return new UpstreamRouter(
            Options.Create(options), TimeProvider.System, NullLogger<UpstreamRouter>.Instance);
    }
}
