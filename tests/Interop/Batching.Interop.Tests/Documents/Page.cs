using System.Text.RegularExpressions;

namespace Batching.Interop.Tests.Documents;

/// <summary>The blocks of code of a page, with what comments say about them.</summary>
internal sealed partial class Page
{
    private const string Continues = "continues ";

    private Page(string name, IReadOnlyList<PageBlock> blocks, string? before)
    {
        Name = name;
        Blocks = blocks;
        Before = before;
    }

    /// <summary>The page, relative to the root of the sources.</summary>
    public string Name { get; }

    /// <summary>Its blocks, in order.</summary>
    public IReadOnlyList<PageBlock> Blocks { get; }

    /// <summary>The page whose commands come first, in the same shell: <c>&lt;!-- test: continues PAGE --&gt;</c>.</summary>
    public string? Before { get; }

    /// <summary>All pages that people read.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        "README.md", "CONTRIBUTING.md", "examples/README.md",
        .. Directory.GetFiles(Folders.Docs, "*.md").Select(file => $"docs/{Path.GetFileName(file)}").Order(StringComparer.Ordinal),
    ];

    /// <summary>Reads a page.</summary>
    public static Page Read(string name)
    {
        var lines = File.ReadAllLines(Path.Combine(Folders.Root, name));
        var blocks = new List<PageBlock>();
        string? before = null;
        var marker = "";
        for (var i = 0; i < lines.Length; i++)
        {
            if (Marker().Match(lines[i]) is { Success: true } comment)
            {
                var text = comment.Groups["text"].Value;
                (before, marker) = text.StartsWith(Continues, StringComparison.Ordinal)
                    ? (text[Continues.Length..], "")
                    : (before, text);
            }
            else if (Fence().Match(lines[i]) is { Success: true } fence)
            {
                var indent = fence.Groups["indent"].Length;
                var end = Array.FindIndex(lines, i + 1, line => line.Trim() == "```");
                Assert.True(end > 0, $"{name}:{i + 1}: the block has no end.");
                var text = string.Join('\n', lines[(i + 1)..end].Select(line => line[Math.Min(indent, line.Length)..]));
                blocks.Add(new PageBlock(name, i + 1, fence.Groups["language"].Value, text, marker));
                (i, marker) = (end, "");
            }
            else if (lines[i].Length > 0)
            {
                Assert.True(marker.Length == 0, $"{name}:{i + 1}: the marker in front of it has no block.");
            }
        }

        return new Page(name, blocks, before);
    }

    [GeneratedRegex("^ *<!-- test: (?<text>.+?) -->$")]
    private static partial Regex Marker();

    [GeneratedRegex(@"^(?<indent> *)```(?<language>\w*)$")]
    private static partial Regex Fence();
}
