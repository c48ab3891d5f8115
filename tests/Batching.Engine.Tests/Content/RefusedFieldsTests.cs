using System.Text.RegularExpressions;
using Batching.Engine.Content;
using Batching.Engine.Tests.Infrastructure;

namespace Batching.Engine.Tests.Content;

public sealed partial class RefusedFieldsTests
{
    private const string End = "…";

    private static readonly IReadOnlyList<string> Documented = ReadDocumented();

    [Fact]
    public void Documentation_Table_HasAllThatThereAreAndNoOthers() => Assert.Equal(
        RefusedFields.Names.Concat(RefusedFields.Prefixes.Select(prefix => prefix + End)).Order(StringComparer.Ordinal),
        Documented.Order(StringComparer.Ordinal));

    [Fact]
    public void FindProblem_DocumentedField_SaysSoInAnySpelling()
    {
        foreach (var field in Documented.Select(field => field.Replace(End, "Anything", StringComparison.Ordinal)))
        {
            foreach (var name in new[] { field, field.ToLowerInvariant(), field.ToUpperInvariant(), field.Replace('-', '_') })
            {
                Assert.Equal(
                    "can't be set: it belongs to the connection or to the gateway", HeaderRules.FindProblem(name, "x"));
            }
        }
    }

    // Fields of the same vendors that are their clients' to set.
    [Theory]
    [InlineData("CF-Access-Client-Id")]
    [InlineData("Fastly-Key")]
    [InlineData("X-Goog-Api-Key")]
    [InlineData("X-Goog-User-Project")]
    [InlineData("X-Amz-Date")]
    [InlineData("X-Amzn-Trace-Id")]
    [InlineData("X-MS-Version")]
    [InlineData("X-Vercel-Protection-Bypass")]
    [InlineData("X-Request-ID")]
    [InlineData("X-Remote")]
    [InlineData("Host-Name")]
    public void FindProblem_FieldThatClientsSet_IsNull(string name) => Assert.Null(HeaderRules.FindProblem(name, "x"));

    private static List<string> ReadDocumented() =>
        [.. File.ReadLines(Path.Combine(Repository.Root, "docs/security.md"))
            .SkipWhile(line => line != "## Header fields that callers may not set")
            .Skip(1)
            .TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal))
            .Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            .SelectMany(line => Names().Matches(line.Split('|')[1]))
            .Select(match => match.Groups[1].Value)];

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Names();
}
