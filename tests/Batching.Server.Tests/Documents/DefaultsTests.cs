using System.Text.RegularExpressions;
using Batching.Server.Configuration;
using Batching.Server.Tests.Configuration;
using Batching.Server.Tests.Infrastructure;

namespace Batching.Server.Tests.Documents;

/// <summary>
/// Where the documents and the protos say a default together with its key, as in "within 45 s (`Batch:Keyed:Timeout`)" "`Batch:Keyed:Timeout`
/// (45 s)" or in a row "| 45 s | `Batch:Keyed:Timeout` |" or "| `Batch:Keyed:Timeout` | 45 s in all |", it is the default. Where they say a range, as in "(`Batch:Retention:Responses`: 1 s to 30 d)", it is the range. Every key
/// that they name is there.
/// </summary>
public sealed partial class DefaultsTests
{
    private static readonly string[] Pages =
        [Path.Combine(Repository.Root, "README.md"), .. Directory.GetFiles(Path.Combine(Repository.Root, "docs"), "*.md"),
            .. Directory.GetFiles(Path.Combine(Repository.Root, "protos", "batch"), "*.proto", SearchOption.AllDirectories)];

    [Fact]
    public void Pages_DefaultsBesideTheirKeys_AreTheDefaults()
    {
        var said = Find(Said());

        Assert.True(said.Length >= 20, $"The documents say no more than {said.Length} defaults with their keys.");
        Assert.All(said, found => Assert.Equal(
            (found.Page, found.Key, OptionValues.SayDefault(KnownKey.All.Single(key => key.Path == found.Key))),
            found));
    }

    [Fact]
    public void Pages_RangesBesideTheirKeys_AreTheRanges()
    {
        var said = Find(Ranges());

        Assert.True(said.Length >= 4, $"The documents say no more than {said.Length} ranges with their keys.");
        Assert.All(said, found => Assert.Equal(
            (found.Page, found.Key, OptionValues.RangeOf(KnownKey.All.Single(key => key.Path == found.Key))),
            found));
    }

    // A whole section may be named, too, and an entry of a list by its number.
    [Fact]
    public void Pages_KeysThatTheyName_AreThere()
    {
        var named = Find(Keys()).Select(found => (found.Page, Key: Number().Replace(found.Key, ":N"))).Distinct().ToArray();

        Assert.True(named.Length >= 100, $"The documents name no more than {named.Length} keys.");
        Assert.All(named, found => Assert.True(
            KnownKey.All.Any(key => key.Path == found.Key || key.Path.StartsWith($"{found.Key}:", StringComparison.Ordinal)),
            $"{found.Page} names {found.Key}, which is no key."));
    }

    private static (string Page, string Key, string Value)[] Find(Regex what) =>
    [
        .. Pages.SelectMany(page => what.Matches(FiguresTests.ReadProse(page))
            .Select(match => (Path.GetFileName(page), match.Groups["key"].Value, match.Groups["value"].Value))),
    ];

    /// <summary>Where a text says a default, or a range, beside its key.</summary>
    internal static IEnumerable<Match> FindBesideKeys(string text) => Said().Matches(text).Concat(Ranges().Matches(text));

    [GeneratedRegex(
        @"(?<value>\d[\d,]*(?: (?:ms|s|min|h|d|KiB|MiB|GiB)\b)?)[^.;:|()`\d]{0,60}\(`(?<key>Batch:[\w:]+)`\)"
        + @"|`(?<key>Batch:[\w:]+)` \((?<value>\d[\d,]*(?: (?:ms|s|min|h|d|KiB|MiB|GiB)\b)?)[^)]*\)"
        + @"|\| `(?<key>Batch:[\w:]+)` \| (?<value>\d[\d,]*(?: (?:ms|s|min|h|d|KiB|MiB|GiB)\b)?) "
        + @"|\| (?<value>\d[\d,]*(?: (?:ms|s|min|h|d|KiB|MiB|GiB)\b)?) \| `(?<key>Batch:[\w:]+)` \|")]
    private static partial Regex Said();

    [GeneratedRegex(@"\(`(?<key>Batch:[\w:]+)`: (?<value>\d[^()`]* to [^()`]+)\)")]
    private static partial Regex Ranges();

    [GeneratedRegex(@"`(?<key>Batch:[\w:]+)`")]
    private static partial Regex Keys();

    [GeneratedRegex(@":\d+(?=:|$)")]
    private static partial Regex Number();
}
