using Batching.Server.Tests.Infrastructure;

namespace Batching.Server.Tests.Documents;

/// <summary>Links between the documents lead somewhere: to a file that is there, and to a heading that it has.</summary>
public sealed class LinkTests
{
    private static readonly string[] NotOurs = [".git", "bin", "obj", "node_modules"];

    [Fact]
    public void Links_OfAllPages_LeadToFilesAndHeadings()
    {
        var pages = FindPages(new DirectoryInfo(Repository.Root)).Select(MarkdownPage.Read).ToDictionary(page => page.Path);
        Assert.Contains(Path.Combine(Repository.Root, "README.md"), pages.Keys);
        string[] broken =
        [
            .. from page in pages.Values
            from link in page.Links
            where !link.Contains("://", StringComparison.Ordinal) && !IsGood(page, link, pages)
            select $"{Path.GetRelativePath(Repository.Root, page.Path)}: {link}",
        ];

        Assert.True(broken.Length == 0, $"These links lead nowhere:\n{string.Join('\n', broken)}");
    }

    private static bool IsGood(MarkdownPage page, string link, Dictionary<string, MarkdownPage> pages)
    {
        var (file, anchor) = link.Split('#') is [var first, var second] ? (first, second) : (link, null);
        var target = file.Length == 0 ? page.Path : Path.GetFullPath(file, Path.GetDirectoryName(page.Path)!);
        return Path.Exists(target)
            && (anchor is null || (pages.TryGetValue(target, out var other) && other.Anchors.Contains(anchor)));
    }

    private static IEnumerable<string> FindPages(DirectoryInfo folder) => folder.EnumerateFiles("*.md")
        .Select(file => file.FullName)
        .Concat(folder.EnumerateDirectories()
            .Where(child => child.LinkTarget is null && !NotOurs.Contains(child.Name))
            .SelectMany(FindPages));
}
