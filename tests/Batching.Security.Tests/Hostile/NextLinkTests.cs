using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Batching.Security.Tests.Infrastructure;
using Batching.Server.Tests.Infrastructure;

namespace Batching.Security.Tests.Hostile;

/// <summary>What an API might say of its next page: the same rules as for a path that a caller gives.</summary>
public sealed class NextLinkTests
{
    private static readonly string[] Hostile =
    [
        "http://elsewhere.test/x", "https://elsewhere.test/x", "//elsewhere.test/x", "HTTP://ELSEWHERE.TEST", "http://elsewhere.test:{port}/x",
        "http://127.0.0.1:{port}@elsewhere.test/x", "http://user@127.0.0.1:{port}/x", "http://user:secret@127.0.0.1:{port}/x",
        "http://127.0.0.1:1/x", "http://127.0.0.1/x", "http://localhost:{port}/x", "https://127.0.0.1:{port}/x", "ftp://127.0.0.1:{port}/x",
        "file:///etc/passwd", "javascript:alert(1)", "data:text/plain,x", "http://", "http://[::1", "\\\\elsewhere.test\\x", "/\\elsewhere.test/x",
        "http:\\\\elsewhere.test\\x", "///elsewhere.test/x", "/x//y", "/x/../y", "/./y", "/x/%2e%2e/y", "/x/%252e%252e/y", "/x/..%2fy", "/x/..;a/y",
        "/x%5Cy", "/x\ty", "/x\r\nHost: elsewhere.test", "/x\u0000", "/x%00", "/x%0d%0aX-Evil:1", "/x#y", "?p=2#y", "/x%", "?p=%zz",
        "/x/%C0%AE", "/%FF", "http://127.0.0.1:{port}/x/../y", "http://127.0.0.1:{port}//y", "/api/v0/batch", "/API/v0/batch/", "/api/v2/b%61tch",
        "/batch.v1.BatchService/CreateBatch",
    ];

    private static readonly (string Link, string Target)[] Good =
    [
        ("?p=2", "/pages?p=2"), ("/good?p=%7E%2e%41", "/good?p=%7E%2e%41"), ("../good/rel", "/good/rel"), ("./good", "/good"), ("good?x=/../", "/good?x=/../"),
        ("/good/x y", "/good/x%20y"), (" /good/z ", "/good/z"),
        ("http://127.0.0.1:{port}/good/%41bs", "/good/%41bs"), ("//127.0.0.1:{port}/good", "/good"),
    ];

    [Theory]
    [InlineData("next_url")]
    [InlineData("link")]
    public async Task Spawner_HostileNextLink_EndsTheQueryAndIsNotFollowed(string style)
    {
        var links = new List<string>();
        await using var api = RawRecorder.Start(request => Answer(request, style, links));
        var port = api.Authority.Split(':')[1];
        // A header field can't have all of it.
        links.AddRange(Hostile.Select(link => link.Replace("{port}", port, StringComparison.Ordinal))
            .Where(link => style != "link" || !link.Any(char.IsControl)));
        await using var gateway = await Gateway.StartAsync(api.Address);

        var batch = await gateway.Rest.SubmitAsync(Spawners(style, links.Count));
        await gateway.Rest.WaitUntilDoneAsync(batch.Id);

        var results = (await gateway.Rest.GetAsync($"/api/v0/batch/{batch.Id}")).Success().Requests;
        var ended = results.Where(result => result.GetProperty("responseStatusCode").GetInt32() == 502).ToArray();
        Assert.All(ended, result => Assert.Equal("BAD_NEXT_PAGE", result.GetProperty("response").GetProperty("error").GetString()));
        Assert.Equal(links.Count, ended.Length);
        Assert.Equal(Enumerable.Range(0, links.Count).Select(Line).Order(StringComparer.Ordinal), api.Lines.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("next_url")]
    [InlineData("link")]
    public async Task Spawner_GoodNextLink_IsFollowedAsItStands(string style)
    {
        var links = new List<string>();
        await using var api = RawRecorder.Start(request => Answer(request, style, links));
        var port = api.Authority.Split(':')[1];
        links.AddRange(Good.Select(good => good.Link.Replace("{port}", port, StringComparison.Ordinal)));
        await using var gateway = await Gateway.StartAsync(api.Address);

        var batch = await gateway.Rest.SubmitAsync(Spawners(style, links.Count));
        await gateway.Rest.WaitUntilDoneAsync(batch.Id);

        var expected = Enumerable.Range(0, links.Count).Select(Line).Concat(Good.Select(good => $"GET {good.Target} HTTP/1.1"));
        Assert.Equal(expected.Order(StringComparer.Ordinal), api.Lines.Order(StringComparer.Ordinal));
    }

    // An upstream with a path in its address is not left either, however the link is written.
    [Fact]
    public async Task Spawner_NextLinkOutOfTheBasePath_IsNotFollowed()
    {
        string[] links = ["/x", "../../x", "/base/../x", "/basex/y", "/base", "http://127.0.0.1:{port}/x"];
        var list = new List<string>();
        await using var api = RawRecorder.Start(request => Answer(request, "next_url", list));
        list.AddRange(links.Select(link => link.Replace("{port}", api.Authority.Split(':')[1], StringComparison.Ordinal)));
        await using var gateway = await Gateway.StartAsync($"{api.Address}/base");

        var batch = await gateway.Rest.SubmitAsync(Spawners("next_url", links.Length));
        await gateway.Rest.WaitUntilDoneAsync(batch.Id);

        Assert.Equal(
            Enumerable.Range(0, links.Length).Select(i => Line(i).Replace("/pages", "/base/pages", StringComparison.Ordinal)).Order(StringComparer.Ordinal),
            api.Lines.Order(StringComparer.Ordinal));
    }

    private static string Line(int number) => string.Create(CultureInfo.InvariantCulture, $"GET /pages?case={number} HTTP/1.1");

    private static string Spawners(string style, int count) => new JsonArray([.. Enumerable.Range(0, count).Select(i => new JsonObject
    {
        ["path"] = string.Create(CultureInfo.InvariantCulture, $"pages?case={i}"),
        ["spawner"] = true,
        ["pagination"] = new JsonObject { ["style"] = style },
    })]).ToJsonString();

    private static string Answer(string request, string style, List<string> links)
    {
        const string Start = "pages?case=";
        var line = request.Split(' ')[1];
        var at = line.IndexOf(Start, StringComparison.Ordinal);
        if (at < 0)
        {
            return RawRecorder.Json("{}");
        }

        var link = links[int.Parse(line.AsSpan(at + Start.Length), CultureInfo.InvariantCulture)];
        return style == "link"
            ? RawRecorder.Json("[]", $"Link: <{link}>; rel=\"next\"\r\n")
            : RawRecorder.Json(JsonSerializer.Serialize(new { next = link }));
    }
}
