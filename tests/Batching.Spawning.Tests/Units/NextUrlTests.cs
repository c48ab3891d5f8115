using Batching.Engine;
using Batching.Engine.Spawning;
using Batching.Engine.Upstreams;
using Microsoft.Extensions.Logging.Abstractions;

namespace Batching.Spawning.Tests.Units;

public sealed class NextUrlTests
{
    [Theory]
    [InlineData("?p=2", "/v1/items/all?p=2")]
    [InlineData("more?p=2", "/v1/items/more?p=2")]
    [InlineData("./more", "/v1/items/more")]
    [InlineData("../lists?p=2", "/v1/lists?p=2")]
    [InlineData("/api/v1/x?p=2", "/v1/x?p=2")]
    [InlineData("//host:81/api/x", "/x")]
    [InlineData("http://host:81/api/v1/items?p=2", "/v1/items?p=2")]
    [InlineData("HTTP://HOST:81/api/x", "/x")]
    [InlineData("/api/x?p=a%2Fb%26c", "/x?p=a%2Fb%26c")]
    [InlineData("/api/%7Ex/%41?p=%7E%2e", "/%7Ex/%41?p=%7E%2e")]
    [InlineData("/api/", "/")]
    [InlineData("", "/v1/items/all?p=1")]
    public void ToPath_AtTheUpstream_IsAPath(string url, string expected) => Assert.Equal(expected, ToPath(url));

    [Theory]
    [InlineData("http://host/api/x")]
    [InlineData("http://host:82/api/x")]
    [InlineData("https://host:81/api/x")]
    [InlineData("http://other:81/api/x")]
    [InlineData("http://host.other:81/api/x")]
    [InlineData("http://host@other:81/api/x")]
    [InlineData("http://user@host:81/api/x")]
    [InlineData("http://user:secret@host:81/api/x")]
    [InlineData("//other/api/x")]
    [InlineData("\\\\other\\api\\x")]
    [InlineData("/\\other/api/x")]
    [InlineData("ftp://host:81/api/x")]
    [InlineData("file:///api/x")]
    [InlineData("javascript:alert(1)")]
    [InlineData("data:text/plain,x")]
    [InlineData("http://")]
    [InlineData("http://host:99999/api/x")]
    // What is refused in a path that a caller gives.
    [InlineData("http://host:81/api/a/../b")]
    [InlineData("/api/a/./b")]
    [InlineData("/api/a//b")]
    [InlineData("/api/a/%2e%2e/b")]
    [InlineData("/api/a/%252e%252e/b")]
    [InlineData("/api/a\\b")]
    [InlineData("/api/a b")]
    [InlineData(" /api/a")]
    [InlineData("/api/a\tb")]
    [InlineData("/api/x?p=%zz")]
    [InlineData("/api/x?p=1#part")]
    [InlineData("/api/%C0%AE")]
    // Out of the base path, openly or not.
    [InlineData("/x")]
    [InlineData("/apix/y")]
    [InlineData("/api")]
    [InlineData("../../../x")]
    [InlineData("/api/../x")]
    [InlineData("/api/%2e%2e/x")]
    [InlineData("http://host:81/api/%2E%2E/x")]
    public void ToPath_Elsewhere_Throws(string url) => Assert.Throws<FormatException>(() => ToPath(url));

    private static string ToPath(string url)
    {
        using var upstream = new Upstream(
            new UpstreamOptions { BaseAddress = new Uri("http://host:81/api/") },
            new LimitOptions(),
            TimeProvider.System,
            NullLogger.Instance);
        return NextUrl.ToPath(upstream, new Uri("http://host:81/api/v1/items/all?p=1"), url);
    }
}
