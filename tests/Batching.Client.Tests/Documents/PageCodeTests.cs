using System.Text.RegularExpressions;

namespace Batching.Client.Tests.Documents;

/// <summary>Every block of C# in <c>docs/client.md</c>, and in the README of the package, is code that compiles.</summary>
public sealed partial class PageCodeTests
{
    [Theory]
    [InlineData("docs/client.md", 7)]
    [InlineData("src/Batching.Client/README.md", 3)]
    public void Blocks_EachOfThem_AreInPageCode(string page, int atLeast)
    {
        var code = Flatten(File.ReadAllText(Path.Combine(Repository.Root, "tests", "Batching.Client.Tests", "Documents", "PageCode.cs")));
        var blocks = Block().Matches(File.ReadAllText(Path.Combine(Repository.Root, page))).Select(match => match.Groups["code"].Value).ToArray();

        Assert.True(blocks.Length >= atLeast, $"{page} has only {blocks.Length} blocks of C#.");
        Assert.All(blocks, block => Assert.True(
            code.Contains(Flatten(block), StringComparison.Ordinal), $"{page} has code that PageCode.cs does not have:\n{block}"));
    }

    // How deep a line stands is another matter in a page, and its namespaces stand elsewhere in a file.
    private static string Flatten(string code) => string.Join('\n', code.Split('\n').Select(line => line.Trim())
        .Where(line => line.Length > 0 && !line.StartsWith("using Batching.", StringComparison.Ordinal)));

    [GeneratedRegex("```csharp\n(?<code>.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();
}
