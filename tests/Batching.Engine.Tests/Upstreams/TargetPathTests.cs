using System.Text;
using Batching.Engine.Upstreams;
using FsCheck.Xunit;

namespace Batching.Engine.Tests.Upstreams;

public sealed class TargetPathTests
{
    // What paths are made of, and attacked with.
    private static readonly string[] Pieces =
        ["/", "/", "a", ".", ".", "..", "2e", ";", "?", "#", "@", ":", "&x=1", " ", "\\", "%", "\0", "ü", "😀", "\u2028"];

    [Theory]
    [InlineData("/", "/")]
    [InlineData("/items", "/items")]
    [InlineData("items", "/items")]
    [InlineData("api/v0/items", "/api/v0/items")]
    [InlineData("/items/", "/items/")]
    [InlineData("items/", "/items/")]
    [InlineData("/items?limit=2", "/items?limit=2")]
    [InlineData("?limit=2", "/?limit=2")]
    [InlineData("/items?", "/items?")]
    [InlineData("/items?to=http://elsewhere/", "/items?to=http://elsewhere/")]
    [InlineData("/items?to=//elsewhere/../x", "/items?to=//elsewhere/../x")]
    [InlineData("/items?q=a%20b%2Fc%3F", "/items?q=a%20b%2Fc%3F")]
    [InlineData("/items?q=%5C%00", "/items?q=%5C%00")]
    [InlineData("/a%20b", "/a%20b")]
    [InlineData("/a%2Fb", "/a%2Fb")]
    [InlineData("/a%252Fb", "/a%252Fb")]
    [InlineData("/100%25", "/100%25")]
    [InlineData("/100%25/x", "/100%25/x")]
    [InlineData("/50%2525off", "/50%2525off")]
    [InlineData("/...", "/...")]
    [InlineData("/..a", "/..a")]
    [InlineData("/a..", "/a..")]
    [InlineData("/.well-known/x", "/.well-known/x")]
    [InlineData("/a.b", "/a.b")]
    [InlineData("/cars;color=red/doors", "/cars;color=red/doors")]
    [InlineData("/cars;a=..", "/cars;a=..")]
    [InlineData("/cars/;v=1", "/cars/;v=1")]
    [InlineData("/what%3Fif", "/what%3Fif")]
    [InlineData("/a/%20/b", "/a/%20/b")]
    [InlineData("/@user", "/@user")]
    [InlineData("/users/a@b.example", "/users/a@b.example")]
    [InlineData("users/a@b.example", "/users/a@b.example")]
    [InlineData("/a:b", "/a:b")]
    [InlineData("/items:search", "/items:search")]
    [InlineData("/größe", "/gr%C3%B6%C3%9Fe")]
    [InlineData("/你好?q=ü", "/%E4%BD%A0%E5%A5%BD?q=%C3%BC")]
    [InlineData("/😀", "/%F0%9F%98%80")]
    [InlineData("/gr%C3%B6%C3%9Fe", "/gr%C3%B6%C3%9Fe")]
    [InlineData("/(a)'b'!*,+$&=~_-", "/(a)'b'!*,+$&=~_-")]
    public void TryNormalize_PathOfTheUpstream_IsTheOneThatIsSent(string path, string expected)
    {
        Assert.True(TargetPath.TryNormalize(path, 100, out var normalized, out var problem), problem);
        Assert.Equal(expected, normalized);
    }

    [Theory]
    [InlineData("", "is required")]
    [InlineData("http://elsewhere/x", "absolute URL")]
    [InlineData("https://elsewhere", "absolute URL")]
    [InlineData("HTTP://ELSEWHERE/x", "absolute URL")]
    [InlineData("/http://elsewhere/x", "absolute URL")]
    [InlineData("file:///etc/passwd", "absolute URL")]
    [InlineData("//elsewhere", "empty segments")]
    [InlineData("//elsewhere/x", "empty segments")]
    [InlineData("///elsewhere", "empty segments")]
    [InlineData("//", "empty segments")]
    [InlineData("/a//b", "empty segments")]
    [InlineData("a//b", "empty segments")]
    [InlineData("/%2Felsewhere/x", "empty segments")]
    [InlineData("%2Felsewhere/x", "empty segments")]
    [InlineData("%2f%2felsewhere", "empty segments")]
    [InlineData("%252Felsewhere", "empty segments")]
    [InlineData("/a%2F%2Fb", "empty segments")]
    [InlineData("/a/%2Fb", "empty segments")]
    [InlineData("..", "segments . and ..")]
    [InlineData(".", "segments . and ..")]
    [InlineData("/.", "segments . and ..")]
    [InlineData("/..", "segments . and ..")]
    [InlineData("/../x", "segments . and ..")]
    [InlineData("../x", "segments . and ..")]
    [InlineData("./x", "segments . and ..")]
    [InlineData("/a/../x", "segments . and ..")]
    [InlineData("/a/./x", "segments . and ..")]
    [InlineData("/a/..", "segments . and ..")]
    [InlineData("/a/..?x=1", "segments . and ..")]
    [InlineData("/%2e%2e/x", "segments . and ..")]
    [InlineData("/%2E%2E/x", "segments . and ..")]
    [InlineData("/.%2e/x", "segments . and ..")]
    [InlineData("/%2e./x", "segments . and ..")]
    [InlineData("%2e%2e/x", "segments . and ..")]
    [InlineData("/%2e/x", "segments . and ..")]
    [InlineData("/a%2f..%2fx", "segments . and ..")]
    [InlineData("/a%2F%2E%2E%2Fx", "segments . and ..")]
    [InlineData("/..%2fx", "segments . and ..")]
    [InlineData("/%252e%252e/x", "segments . and ..")]
    [InlineData("/%252e%252e%252fx", "segments . and ..")]
    [InlineData("/.%252e/x", "segments . and ..")]
    [InlineData("/%25252e%25252e/x", "segments . and ..")]
    [InlineData("/%2525252e%2525252e/x", "segments . and ..")]
    [InlineData("/..;/x", "segments . and ..")]
    [InlineData("/..;a=b/x", "segments . and ..")]
    [InlineData("/.;/x", "segments . and ..")]
    [InlineData("/%2e%2e;a=b/x", "segments . and ..")]
    [InlineData("/%2e%2e%3b/x", "segments . and ..")]
    [InlineData("/a;b/../x", "segments . and ..")]
    [InlineData("/..%3Fx=1/y", "segments . and ..")]
    [InlineData("/..%23x/y", "segments . and ..")]
    [InlineData("/..%20/y", "segments . and ..")]
    [InlineData("/%E2%80%A8../y", "segments . and ..")]
    [InlineData("/;x=1/y", "empty segments")]
    [InlineData("/a/;/b", "empty segments")]
    [InlineData("/a/%3Bx/b", "empty segments")]
    [InlineData("/a/%3Fx/b", "empty segments")]
    [InlineData("/%25252525252e/x", "too many times")]
    [InlineData("\\\\elsewhere\\x", "backslash")]
    [InlineData("/\\elsewhere", "backslash")]
    [InlineData("/a\\..\\x", "backslash")]
    [InlineData("/items?q=\\", "backslash")]
    [InlineData("/%5c", "backslash")]
    [InlineData("/a%5Cb", "backslash")]
    [InlineData("/a%255Cb", "backslash")]
    [InlineData("/%5celsewhere", "backslash")]
    [InlineData("/a b", "white space")]
    [InlineData(" /a", "white space")]
    [InlineData("/a\tb", "white space")]
    [InlineData("/a\r\nHost: elsewhere", "white space")]
    [InlineData("/a\0", "white space")]
    [InlineData("/a\u007F", "white space")]
    [InlineData("/a\u0085", "white space")]
    [InlineData("/a\u00A0b", "white space")]
    [InlineData("/a\u2028b", "white space")]
    [InlineData("/a?q=\u3000", "white space")]
    [InlineData("/items?q=a b", "white space")]
    [InlineData("/a%00", "control characters")]
    [InlineData("/a%0d%0aX:1", "control characters")]
    [InlineData("/a%250a", "control characters")]
    [InlineData("/a%7F", "control characters")]
    [InlineData("/a%C2%85", "control characters")]
    [InlineData("user@elsewhere/x", "user information")]
    [InlineData("user:password@elsewhere", "user information")]
    [InlineData("@elsewhere", "user information")]
    [InlineData("/a#b", "fragment")]
    [InlineData("#", "fragment")]
    [InlineData("/a?b#c", "fragment")]
    [InlineData("/%", "incomplete percent-encoding")]
    [InlineData("/%2", "incomplete percent-encoding")]
    [InlineData("/%zz", "incomplete percent-encoding")]
    [InlineData("/100%/x", "incomplete percent-encoding")]
    [InlineData("/items?q=100%", "incomplete percent-encoding")]
    [InlineData("/%u002e", "incomplete percent-encoding")]
    [InlineData("/%C0%AE%C0%AE/x", "UTF-8")]
    [InlineData("/%c0%af", "UTF-8")]
    [InlineData("/%E0%80%AE", "UTF-8")]
    [InlineData("/%FF", "UTF-8")]
    [InlineData("/%25FF", "UTF-8")]
    [InlineData("/%ED%A0%80", "UTF-8")]
    public void TryNormalize_WhatCouldLeaveTheUpstream_IsRefused(string path, string expected)
    {
        Assert.False(TargetPath.TryNormalize(path, 100, out var normalized, out var problem), normalized);
        Assert.Contains(expected, problem, StringComparison.Ordinal);
    }

    // However deep its pieces are encoded: what passes leads nowhere else, as often as somebody decodes it, and is sent
    // in a form that needs no other.
    [Property(MaxTest = 20_000, EndSize = 12)]
    public void TryNormalize_AnyText_IsRefusedOrReadInOneWay((byte Piece, byte Depth)[] parts)
    {
        var text = string.Concat(parts.Select(
            part => Encode(Pieces[part.Piece % Pieces.Length], part.Depth > 100 ? part.Depth % 8 : 0)));
        if (!TargetPath.TryNormalize(text, 1_000, out var normalized, out var problem))
        {
            Assert.NotEmpty(problem);
            return;
        }

        Assert.True(Ascii.IsValid(normalized));
        Assert.True(TargetPath.TryNormalize(normalized, 10_000, out var again, out problem), problem);
        Assert.Equal(normalized, again);
        var path = normalized.Split('?')[0];
        for (var i = 0; i < 10; i++)
        {
            Assert.StartsWith("/", path, StringComparison.Ordinal);
            Assert.DoesNotContain("//", path, StringComparison.Ordinal);
            Assert.DoesNotContain(path, c => c == '\\' || char.IsControl(c));
            Assert.DoesNotContain(path.Split('/'), segment => segment.Split(';', '?', '#')[0].Trim() is "." or "..");
            path = Uri.UnescapeDataString(path);
        }

        static string Encode(string piece, int depth) =>
            depth == 0
                ? piece
                : string.Concat(Encoding.UTF8.GetBytes(piece).Select(b => $"%{string.Concat(Enumerable.Repeat("25", depth - 1))}{b:x2}"));
    }

    // Not in a table: test runners can't carry half a character.
    [Fact]
    public void TryNormalize_HalfACharacter_IsRefused()
    {
        foreach (var path in (string[])["/\ud800", "/\udc00", "/\udc00\ud800", "/a?q=\ud83d"])
        {
            Assert.False(TargetPath.TryNormalize(path, 100, out _, out var problem));
            Assert.Contains("Unicode", problem, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void TryNormalize_Length_IsBounded()
    {
        Assert.True(TargetPath.TryNormalize("/" + new string('a', 99), 100, out _, out _));
        Assert.False(TargetPath.TryNormalize("/" + new string('a', 100), 100, out _, out var problem));
        Assert.Equal("is longer than 100 characters", problem);
    }
}
