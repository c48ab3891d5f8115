using Batching.Engine.Spawning;
using FsCheck.Xunit;

namespace Batching.Engine.Tests.Spawning;

public sealed class LinkHeaderTests
{
    private static readonly string[] Pieces =
        ["a", "/x", "<", ">", ",", ";", " ", "\t", "=", "\"", "\\", "rel", "next", "rel=next", "rel=\"next\"", "ü", "\0"];

    [Theory]
    [InlineData("", null)]
    [InlineData("<https://a/?p=2>; rel=\"next\"", "https://a/?p=2")]
    [InlineData("</x?p=2>; rel=next", "/x?p=2")]
    [InlineData("<?p=2>;rel=next", "?p=2")]
    [InlineData("<>; rel=next", "")]
    [InlineData("</x> ; REL = \"NEXT\"", "/x")]
    [InlineData("</x>; rel=\"prev next\"", "/x")]
    [InlineData("</x>; rel=\"nextish\"", null)]
    [InlineData("< https://a/?p=2 >; rel=\"next-page\"", " https://a/?p=2 ")]
    [InlineData("</1>; rel=\"next-page\", </2>; rel=\"next\"", "/2")]
    [InlineData("</x>; rel=\"prev\"", null)]
    [InlineData("</x>", null)]
    [InlineData("</x>; rev=next", null)]
    [InlineData("</x>; rel", null)]
    // Only the first rel of a link counts.
    [InlineData("</x>; rel=prev; rel=next", null)]
    [InlineData("</x>; rel=next; rel=prev", "/x")]
    // Several links, in one field or joined from several.
    [InlineData("</1>; rel=first, </2>; rel=next, </9>; rel=last", "/2")]
    [InlineData("</1>;rel=prev,</2>;rel=next", "/2")]
    [InlineData("</1>; rel=next, </2>; rel=next", "/1")]
    [InlineData(" , ,</1>; rel=prev,, </2>; rel=next", "/2")]
    // Commas, semicolons and angle brackets where they mean nothing.
    [InlineData("</x?a=1,2;3>; rel=next", "/x?a=1,2;3")]
    [InlineData("</1>; title=\"a, <b>; rel=next\"; rel=prev, </2>; rel=next", "/2")]
    [InlineData("</1>; title=\"say \\\"<no>; rel=next\\\", yes\"; rel=prev, </2>; rel=next", "/2")]
    [InlineData("</1>; title*=UTF-8''%e2%82%ac; rel=next; type=\"text/html\"", "/1")]
    [InlineData("</1>;;; rel=next;", "/1")]
    [InlineData("</1>;\trel=\"next\"", "/1")]
    // Broken ones are no reason to fall over.
    [InlineData("</1; rel=next", null)]
    [InlineData("rel=next", null)]
    [InlineData("</1>; rel=\"next", "/1")]
    [InlineData("</1>; rel=\"next\\", null)]
    [InlineData("</1>; title=\"", null)]
    [InlineData("</1>; =next; rel=next", "/1")]
    public void FindNext_Value_FindsTheTarget(string value, string? expected) =>
        Assert.Equal(expected, LinkHeader.FindNext(value));

    // Behind any number of others, whatever is quoted there.
    [Property(MaxTest = 1_000, EndSize = 20)]
    public void FindNext_LinkBehindOthers_IsFound(byte[][] titles)
    {
        var others = titles.Select(title =>
            $"</other>; title=\"{Text(title).Replace("\\", "\\\\").Replace("\"", "\\\"")}\"; rel=prev");
        Assert.Equal("/2", LinkHeader.FindNext(string.Join(", ", [.. others, "</2>; rel=next"])));
    }

    [Property(MaxTest = 5_000)]
    public void FindNext_AnyText_GivesNothingButATargetInIt(byte[] pieces)
    {
        var text = Text(pieces);
        if (LinkHeader.FindNext(text) is { } target)
        {
            Assert.Contains($"<{target}>", text, StringComparison.Ordinal);
        }
    }

    private static string Text(byte[] pieces) => string.Concat(pieces.Select(piece => Pieces[piece % Pieces.Length]));
}
