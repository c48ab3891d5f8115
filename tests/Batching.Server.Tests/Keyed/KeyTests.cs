using System.Text.Encodings.Web;
using System.Text.Json;

namespace Batching.Server.Tests.Keyed;

/// <summary>Keys are any text, and come back as they were, in their order.</summary>
[Collection(SharedKeyedGateway.Name)]
public sealed class KeyTests(KeyedFixture fixture)
{
    private static readonly string[] Keys =
    [
        "z", "10", "9", "", " ", "a.b", "a[b]", "x[url]", "][", "😀", "ключ", "\"quoted\"", "\\", "__proto__", "line\nbreak", "\0",
        "requests", "data", "headers", "a",
    ];

    [Fact]
    public async Task Post_AnyKeys_KeepsThemInOrder()
    {
        var body = "{" + string.Join(',', Keys.Select(key => $"{JsonSerializer.Serialize(key)}: \"/text\"")) + "}";
        var reply = KeyedReplies.Parse(await fixture.Gateway.PostAsync(body));

        Assert.Equal(Keys, reply.EnumerateObject().Select(entry => entry.Name));
        Assert.All(reply.EnumerateObject(), entry => Assert.Equal(200, entry.Value.Status()));
    }

    [Fact]
    public async Task Get_AnyKeys_KeepsThemInOrder()
    {
        var query = "?" + string.Join('&', Keys.Select(key => $"{UrlEncoder.Default.Encode($"get[{key}]")}=/text"));
        var reply = KeyedReplies.Parse(await fixture.Gateway.GetAsync(query));

        Assert.Equal(Keys, reply.EnumerateObject().Select(entry => entry.Name));
        Assert.All(reply.EnumerateObject(), entry => Assert.Equal(200, entry.Value.Status()));
    }
}
