using System.Text.RegularExpressions;

namespace Batching.Server.Tests.Documents;

/// <summary>
/// The questions in <c>docs/README.md</c>, by the roles of those who have them: each leads to a heading whose section is there.
/// </summary>
public sealed partial class QuestionsTests
{
    private const int Fewest = 38;
    private const int FewestWords = 40;

    private static readonly string Folder = Path.Combine(Repository.Root, "docs");

    public static TheoryData<string, string> Questions()
    {
        var data = new TheoryData<string, string>();
        foreach (Match match in Question().Matches(File.ReadAllText(Path.Combine(Folder, "README.md"))))
        {
            data.Add(match.Groups["text"].Value, match.Groups["target"].Value);
        }

        return data;
    }

    [Fact]
    public void Page_OfAllPages_HasTheQuestionsOfAllRoles() => Assert.True(Questions().Count >= Fewest);

    [Theory]
    [MemberData(nameof(Questions))]
    public void Question_Answer_IsASectionOfAPage(string question, string target)
    {
        var (file, anchor) = (target.Split('#')[0], target.Split('#')[1]);
        var path = Path.GetFullPath(file, Folder);

        Assert.True(File.Exists(path), $"{question}: there is no {file}.");
        Assert.True(MarkdownPage.Read(path).Anchors.Contains(anchor), $"{question}: {file} has no {anchor}.");
        var words = SectionOf(path, anchor).Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries).Length;
        Assert.True(words >= FewestWords, $"{question}: {target} has {words} words only.");
    }

    // From its heading to the next of its level or above.
    private static string SectionOf(string path, string anchor)
    {
        var lines = File.ReadAllLines(path);
        var begin = Array.FindIndex(lines, line => Heading().Match(line) is { Success: true } heading
            && NotInAnchors().Replace(heading.Groups["text"].Value.ToLowerInvariant(), "").Replace(' ', '-') == anchor);
        var level = lines[begin].TakeWhile(letter => letter == '#').Count();
        var end = Array.FindIndex(lines, begin + 1, line => Heading().Match(line) is { Success: true } && line.TakeWhile(letter => letter == '#').Count() <= level);
        return string.Join('\n', lines[(begin + 1)..(end < 0 ? lines.Length : end)]);
    }

    [GeneratedRegex(@"^- \[(?<text>[^\]]+\?)\]\((?<target>[^)\s]+#[^)\s]+)\)$", RegexOptions.Multiline)]
    private static partial Regex Question();

    [GeneratedRegex("^#{1,6} +(?<text>.+?) *$")]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\p{L}\p{N} _-]")]
    private static partial Regex NotInAnchors();
}
