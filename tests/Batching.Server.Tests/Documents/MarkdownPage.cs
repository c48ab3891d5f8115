using System.Text.RegularExpressions;

namespace Batching.Server.Tests.Documents;

/// <summary>A page of the documents: its links, and what can be linked to in it.</summary>
internal sealed partial class MarkdownPage
{
    private MarkdownPage(string path, IReadOnlyList<string> links, IReadOnlySet<string> anchors)
    {
        Path = path;
        Links = links;
        Anchors = anchors;
    }

    public string Path { get; }

    /// <summary>The targets of its links, as they are written.</summary>
    public IReadOnlyList<string> Links { get; }

    /// <summary>The names of its headings, as GitHub makes them.</summary>
    public IReadOnlySet<string> Anchors { get; }

    /// <summary>Reads a page. What is in a block of code is neither a heading nor a link.</summary>
    public static MarkdownPage Read(string path)
    {
        var links = new List<string>();
        var anchors = new HashSet<string>();
        var isCode = false;
        foreach (var line in File.ReadLines(path))
        {
            if (line.TrimStart().StartsWith("```", StringComparison.Ordinal))
            {
                isCode = !isCode;
            }
            else if (!isCode)
            {
                links.AddRange(Link().Matches(line).Select(link => link.Groups["target"].Value));
                if (Heading().Match(line) is { Success: true } heading)
                {
                    AddAnchor(anchors, heading.Groups["text"].Value);
                }
            }
        }

        Assert.False(isCode, $"{path}: a block of code has no end.");
        return new MarkdownPage(path, links, anchors);
    }

    // A second heading of the same text gets a number.
    private static void AddAnchor(HashSet<string> anchors, string heading)
    {
        var name = NotInAnchors().Replace(heading.ToLowerInvariant(), "").Replace(' ', '-');
        for (var i = 0; !anchors.Add(i == 0 ? name : $"{name}-{i}"); i++)
        {
        }
    }

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex("^#{1,6} +(?<text>.+?) *$")]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\p{L}\p{N} _-]")]
    private static partial Regex NotInAnchors();
}
