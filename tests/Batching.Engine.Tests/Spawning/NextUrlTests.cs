using Batching.Engine.Configuration;
using Batching.Engine.Spawning;
using Batching.Engine.Upstreams;

namespace Batching.Engine.Tests.Spawning;

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
    [InlineData("more/%41?p=%41", "/v1/items/more/%41?p=%41")]
    [InlineData("more/a:b?p=1", "/v1/items/more/a:b?p=1")]
    [InlineData("..", "/v1/")]
    [InlineData(" /api/a b?q=c d ", "/a%20b?q=c%20d")]
    [InlineData("http://host:81/api/a b", "/a%20b")]
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
    [InlineData("http:/api/x")]
    [InlineData("http:api/x")]
    [InlineData("http://host:81?page=2")]
    [InlineData("http://host:99999/api/x")]
    // What is refused in a path that a caller gives.
    [InlineData("http://host:81/api/a/../b")]
    [InlineData("/api/a/./b")]
    [InlineData("/api/a//b")]
    [InlineData("/api/a/%2e%2e/b")]
    [InlineData("/api/a/%252e%252e/b")]
    [InlineData("/api/a\\b")]
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

    [Theory]
    [InlineData("http://host?page=2", "/?page=2")]
    [InlineData("http://host", "/")]
    [InlineData("//host?page=2", "/?page=2")]
    public void ToPath_AnOriginWithoutAPath_HasTheRoot(string url, string expected) =>
        Assert.Equal(expected, ToPath(url, "http://host", "http://host/items"));

    [Theory]
    [InlineData("https://host:81/api/x", "its scheme is 'https', not 'http'")]
    [InlineData("http://10.0.0.7:81/api/x", "its host is '10.0.0.7', not 'host'")]
    [InlineData("http://host:82/api/x", "its port is 82, not 81")]
    [InlineData("http://host:81/x", "its path does not begin with '/api/'")]
    [InlineData("/x?p=2", "its path does not begin with '/api/'")]
    [InlineData("http://user@host:81/api/x", "it has a user name")]
    public void ToPath_Elsewhere_SaysWhatDiffers(string url, string difference) =>
        Assert.Contains(difference, Assert.Throws<FormatException>(() => ToPath(url)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("https://host:81/api/x?p=2", "/v1/items/all?p=2")]
    [InlineData("http://10.0.0.7/items?p=2&q=%41", "/v1/items/all?p=2&q=%41")]
    [InlineData("/x?p=2", "/v1/items/all?p=2")]
    [InlineData("?p=2", "/v1/items/all?p=2")]
    [InlineData("../../../x?p=2", "/v1/items/all?p=2")]
    public void ToPath_QueryOnly_KeepsThePathOfThePage(string url, string expected) => Assert.Equal(
        expected, ToPath(url, "http://host:81/api/", "http://host:81/api/v1/items/all?p=1", NextUrlTrust.QueryOnly));

    [Theory]
    [InlineData("http://10.0.0.7/items/2")]
    [InlineData("http://10.0.0.7/items?p=1#x")]
    [InlineData("http://10.0.0.7/items?p=\\")]
    public void ToPath_QueryOnlyOfNone_Throws(string url) => Assert.Throws<FormatException>(() => ToPath(
        url, "http://host:81/api/", "http://host:81/api/v1/items/all?p=1", NextUrlTrust.QueryOnly));

    private static string ToPath(
        string url,
        string baseAddress = "http://host:81/api/",
        string page = "http://host:81/api/v1/items/all?p=1",
        NextUrlTrust trust = NextUrlTrust.Strict)
    {
        using var upstream = new Upstream(
            new UpstreamOptions { BaseAddress = new Uri(baseAddress), Pagination = { NextUrlTrust = trust } }, new LimitOptions());
        return NextUrl.ToPath(upstream, new Uri(page), url);
    }
}
