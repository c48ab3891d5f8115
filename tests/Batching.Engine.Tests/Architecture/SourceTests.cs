using System.Text.RegularExpressions;
using Batching.Engine.Tests.Infrastructure;

namespace Batching.Engine.Tests.Architecture;

/// <summary>Habits of the sources that neither the compiler nor an analyzer knows, see <c>CONTRIBUTING.md</c>.</summary>
public sealed partial class SourceTests
{
    private const int LongFile = 300;

    [Fact]
    public void Summaries_FirstWord_IsANounOrAVerb() => Assert.Empty(Find(QuestionSummary()));

    [Fact]
    public void ProtoComments_FirstWord_IsANounOrAVerb() => Assert.Empty(
        from file in Directory.GetFiles(Path.Combine(Repository.Root, "protos"), "*.proto", SearchOption.AllDirectories)
        from match in QuestionComment().Matches(File.ReadAllText(file))
        select $"{Path.GetFileName(file)}: {match.Value.Trim()}");

    // A key comes from the name of its property, so that both can only change together. The texts of log messages have to be
    // constants.
    [Fact]
    public void Messages_Keys_AreTakenFromTheOptions() => Assert.DoesNotContain(
        Find(KeyInMessage()),
        line => !line.Contains("///", StringComparison.Ordinal)
            && !Path.GetFileNameWithoutExtension(line.Split(':')[0]).EndsWith("Log", StringComparison.Ordinal));

    [Fact]
    public void Files_Long_SayWhyInTheirFirstComment() => Assert.All(
        Sources().Where(file => File.ReadLines(file).Count() > LongFile),
        file => Assert.Matches(Reason(), File.ReadAllText(file)));

    private static IEnumerable<string> Find(Regex pattern) =>
        from file in Sources()
        from match in pattern.Matches(File.ReadAllText(file))
        select $"{Path.GetFileName(file)}: {match.Value.Trim()}";

    private static IEnumerable<string> Sources() => Directory
        .GetFiles(Path.Combine(Repository.Root, "src"), "*.cs", SearchOption.AllDirectories)
        .Where(file => !file.Split(Path.DirectorySeparatorChar).Any(folder => folder is "bin" or "obj"));

    [GeneratedRegex(@"<summary>[\s/]*(What|How|Where|When|Who|Which|Why)\b.*")]
    private static partial Regex QuestionSummary();

    // The first line of a comment.
    [GeneratedRegex(@"(?<!//.*\n *)// (What|How|Where|When|Who|Which|Why)\b.*")]
    private static partial Regex QuestionComment();

    [GeneratedRegex(@"^.*""[^""\n]*\bBatch:[A-Z]\w+:[A-Z]\w*.*$", RegexOptions.Multiline)]
    private static partial Regex KeyInMessage();

    [GeneratedRegex(@"<remarks>(?:(?!</remarks>)[\s\S])*\blonger than other", RegexOptions.IgnoreCase)]
    private static partial Regex Reason();
}
