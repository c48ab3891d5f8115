using System.Text.RegularExpressions;
using Batching.Server.Configuration;
using Batching.Server.Tests.Configuration;
using Batching.Server.Tests.Infrastructure;

namespace Batching.Server.Tests.Documents;

/// <summary>
/// Where the documents say a default together with its key, as in "within 45 s (`Batch:Keyed:Timeout`)" or "`Batch:Keyed:Timeout`
/// (45 s)", it is the default.
/// </summary>
public sealed partial class DefaultsTests
{
    [Fact]
    public void Pages_DefaultsBesideTheirKeys_AreTheDefaults()
    {
        string[] pages =
            [Path.Combine(Repository.Root, "README.md"), .. Directory.GetFiles(Path.Combine(Repository.Root, "docs"), "*.md")];
        var said = pages
            .SelectMany(page => Said().Matches(WhiteSpace().Replace(File.ReadAllText(page), " "))
                .Select(match => (Page: Path.GetFileName(page), Key: match.Groups["key"].Value, Value: match.Groups["value"].Value)))
            .ToArray();

        Assert.True(said.Length >= 20, $"The documents say no more than {said.Length} defaults with their keys.");
        Assert.All(said, found => Assert.Equal(
            (found.Page, found.Key, OptionValues.SayDefault(KnownKey.All.Single(key => key.Path == found.Key))),
            found));
    }

    [GeneratedRegex(
        @"(?<value>\d[\d,]*(?: (?:ms|s|min|h|d|KiB|MiB|GiB)\b)?)[^.;:|()`\d]{0,60}\(`(?<key>Batch:[\w:]+)`\)"
        + @"|`(?<key>Batch:[\w:]+)` \((?<value>\d[\d,]*(?: (?:ms|s|min|h|d|KiB|MiB|GiB)\b)?)[^)]*\)")]
    private static partial Regex Said();

    [GeneratedRegex(@"\s+")]
    private static partial Regex WhiteSpace();
}
