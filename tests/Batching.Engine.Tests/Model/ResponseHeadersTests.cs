using System.Text;
using Batching.Engine.Model;

namespace Batching.Engine.Tests.Model;

public sealed class ResponseHeadersTests
{
    [Fact]
    public void Encode_EndToEndFields_ComeBackInLowerCaseAndInOrder()
    {
        using var response = new HttpResponseMessage { Content = new ByteArrayContent([]) };
        response.Headers.TryAddWithoutValidation("X-One", "1");
        response.Headers.TryAddWithoutValidation("X-Two", ["a", "b"]);
        response.Headers.TryAddWithoutValidation("X-Text", Encoding.Latin1.GetString("Grüße: 你好"u8));
        response.Headers.TryAddWithoutValidation("X-Empty", "");
        response.Content.Headers.TryAddWithoutValidation("Content-Type", "text/plain; charset=utf-8");

        var encoded = ResponseHeaders.Encode(response).ToArray();

        Assert.Equal(
            [new("x-one", "1"), new("x-two", "a, b"), new("x-text", "Grüße: 你好"), new("x-empty", ""), new("content-type", "text/plain; charset=utf-8")],
            ResponseHeaders.Decode(encoded));
        Assert.Equal("text/plain; charset=utf-8", ResponseHeaders.Find(encoded, "content-type"u8));
        Assert.Equal("1", ResponseHeaders.Find(encoded, "x-one"u8));
        Assert.Equal("", ResponseHeaders.Find(encoded, "x-on"u8));
        Assert.Equal("", ResponseHeaders.Find(encoded, "x-none"u8));
    }

    [Fact]
    public void Encode_FieldsOfTheConnectionAndCookies_AreLeftOut()
    {
        using var response = new HttpResponseMessage { Content = new ByteArrayContent([]) };
        foreach (var name in (string[])["Keep-Alive", "Proxy-Authenticate", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "Set-Cookie", "X-Hop"])
        {
            response.Headers.TryAddWithoutValidation(name, "x");
        }

        response.Headers.TryAddWithoutValidation("Connection", "close, x-hop");
        response.Headers.TryAddWithoutValidation("X-Kept", "yes");
        Assert.Equal([new("x-kept", "yes")], ResponseHeaders.Decode(ResponseHeaders.Encode(response).ToArray()));
    }
}
