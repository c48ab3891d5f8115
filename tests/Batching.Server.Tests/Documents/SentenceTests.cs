using System.Text.RegularExpressions;

namespace Batching.Server.Tests.Documents;

/// <summary>The pages are for readers from any country: no sentence of them is too long to be understood at once.</summary>
public sealed partial class SentenceTests
{
    private const int MostWords = 36;

    [Fact]
    public void Pages_Sentences_AreShort()
    {
        string[] pages =
        [
            Path.Combine(Repository.Root, "README.md"), Path.Combine(Repository.Root, "CONTRIBUTING.md"),
            .. Directory.GetFiles(Path.Combine(Repository.Root, "docs"), "*.md"),
        ];
        var found = pages
            .SelectMany(page => SentencesOf(page).Select(sentence => (Page: Path.GetFileName(page), Sentence: sentence)))
            .ToArray();

        Assert.True(found.Length > 1000, $"There are only {found.Length} sentences.");
        var tooLong = found.Where(one => one.Sentence.Split(' ').Length > MostWords)
            .Select(one => $"{one.Page}, {one.Sentence.Split(' ').Length} words: {one.Sentence}")
            .ToArray();
        Assert.True(tooLong.Length == 0, $"These sentences have more than {MostWords} words:\n{string.Join('\n', tooLong)}");
    }

    // Code, tables and headings have none. Links count as their text, and code in a line as one word.
    private static IEnumerable<string> SentencesOf(string page)
    {
        var paragraph = new List<string>();
        var isCode = false;
        foreach (var line in File.ReadLines(page).Append("").Select(line => line.Trim()))
        {
            var isFence = line.StartsWith("```", StringComparison.Ordinal);
            isCode ^= isFence;
            var isText = line.Length > 0 && !isFence && !isCode && line[0] is not ('#' or '|' or '<');
            if (!isText || Item().IsMatch(line))
            {
                foreach (var sentence in End().Split(Code().Replace(Link().Replace(string.Join(' ', paragraph), "${text}"), "X")))
                {
                    if (sentence.Length > 0)
                    {
                        yield return sentence;
                    }
                }

                paragraph.Clear();
            }

            if (isText)
            {
                paragraph.Add(line);
            }
        }
    }

    [GeneratedRegex(@"^([-*]|\d+\.) ", RegexOptions.ExplicitCapture)]
    private static partial Regex Item();

    [GeneratedRegex(@"(?<=[.!?:;]\)?)\s+")]
    private static partial Regex End();

    [GeneratedRegex(@"\[(?<text>[^\]]*)\]\([^)]*\)")]
    private static partial Regex Link();

    [GeneratedRegex("`[^`]*`")]
    private static partial Regex Code();
}
