using System.Globalization;
using System.Text.RegularExpressions;
using Batching.Engine.Model;
using Batching.Rest.Calls;
using Xunit.Abstractions;

namespace Batching.Server.Tests.Documents;

/// <summary>
/// Counts the figures in the pages, and which of them a test holds: a default or a range beside its key, a phrase that is made from
/// the code, a table that a test compares, or a page that is generated. Statuses are counted apart: they are known ones. What is in code is run or compared, and not counted here.
/// </summary>
public sealed partial class StatementsTests(ITestOutputHelper output)
{
    // Of all pages, and of those below `Bounded`. A figure that is new needs a test, or a good reason to raise these.
    private const int MostInAll = 119;
    private const int MostWithout = 56;

    // Pages that are about other things than limits and measurements.
    private static readonly string[] Bounded =
    [
        "README.md", "docs/cli.md", "docs/client.md", "docs/concepts.md", "docs/grpc.md", "docs/grpc-clients.md", "docs/page.md", "docs/rest-guide.md",
        "docs/rest-v0.md", "docs/rest-v1.md", "docs/rest-v2.md", "docs/security.md", "docs/spawners.md", "docs/states.md", "docs/webhooks.md",
    ];

    // A status is one that there is; that it is the right one is held where a table says what it means.
    private static readonly HashSet<int> Statuses =
    [
        .. CallErrorKinds.All.Select(kind => kind.HttpStatus), .. Enum.GetValues<Failure>().Where(failure => failure != Failure.None).Select(failure => failure.StatusCode()),
        200, 204, 206, 410, 431, 502,
    ];

    // Pages that tests make, or compare as a whole.
    private static readonly Dictionary<string, string> Pages = new(StringComparer.Ordinal)
    {
        ["docs/configuration.md"] = "ConfigurationPageTests",
        ["docs/errors.md"] = "ErrorsPageTests",
        ["docs/paths.md"] = "PathsPageTests",
    };

    // Tables by the beginning of their rows' head.
    private static readonly (string Page, string Head, string Test)[] Tables =
    [
        ("docs/states.md", "| reason | status |", "StatesPageTests"),
        ("docs/rest-v0.md", "| `responseStatusCode` | `error` |", "RestPagesTests"),
        ("docs/rest-v0.md", "| status | |", "RestPagesTests"),
        ("docs/rest-v2.md", "| status |", "RestPagesTests"),
        ("docs/operations.md", "| key | default |", "MemoryTableTests"),
        ("docs/operations.md", "| exit code |", "FiguresTests"),
        ("docs/cli.md", "| exit code |", "Cli.Tests.PageTests"),
        ("docs/client.md", "| option |", "Client.Tests.OptionTablesTests"),
        ("docs/client.md", "| of `SubmitOptions` |", "Client.Tests.OptionTablesTests"),
        ("docs/client.md", "| of `ReadOptions` |", "Client.Tests.OptionTablesTests"),
    ];

    [Fact]
    public void Figures_InAllPages_AreHeldByTestsButForAFew()
    {
        var (all, bounded) = (new Count(), new Count());
        output.WriteLine("| page | figures | generated | tables | beside keys | phrases | statuses | without |");
        output.WriteLine("|---|---|---|---|---|---|---|---|");
        foreach (var page in ((string[])["README.md"]).Concat(Directory.GetFiles(Path.Combine(Repository.Root, "docs"), "*.md")
            .Select(path => $"docs/{Path.GetFileName(path)}").Order(StringComparer.Ordinal)))
        {
            var (count, without) = CountIn(page);
            all += count;
            bounded += Bounded.Contains(page) ? count : default;
            output.WriteLine($"| {page} | {count} |");
            foreach (var phrase in without)
            {
                output.WriteLine($"    {phrase}");
            }
        }

        output.WriteLine($"| all | {all} |");
        Assert.True(all.All > 500, $"There are only {all.All} figures.");
        output.WriteLine($"| of the bounded pages | {bounded} |");
        Assert.True(all.Without <= MostInAll, $"{all.Without} figures of all pages are held by no test, more than {MostInAll}: see the output.");
        Assert.True(bounded.Without <= MostWithout, $"{bounded.Without} figures are held by no test, more than {MostWithout}: see the output.");
    }

    private static (Count Count, IReadOnlyList<string> Without) CountIn(string page)
    {
        var (text, inTables) = Read(page);
        var keys = Spans(DefaultsTests.FindBesideKeys(text).Select(match => (match.Index, match.Index + match.Length)), text.Length);
        var phrases = Spans(
            FiguresTests.Phrases().Select(row => ((string)row[0], (string)row[1])).Where(row => row.Item1 == page)
                .Select(row => Unlinked(row.Item2)).Select(phrase => (text.IndexOf(phrase, StringComparison.Ordinal), phrase.Length))
                .Where(found => found.Item1 >= 0).Select(found => (found.Item1, found.Item1 + found.Length))
                .Concat(FiguresTests.FindBesideReasons(text).Select(match => (match.Index, match.Index + match.Length))),
            text.Length);
        var count = new Count();
        var without = new List<string>();
        var code = Spans(Code().Matches(text).Select(match => (match.Index, match.Index + match.Length)), text.Length);
        foreach (var figure in Figure().Matches(text).Where(figure => !code[figure.Index]))
        {
            var at = figure.Index;
            count += Pages.ContainsKey(page) ? new Count(1, Generated: 1)
                : inTables[at] ? new Count(1, Tables: 1)
                : keys[at] ? new Count(1, Keys: 1)
                : phrases[at] ? new Count(1, Phrases: 1)
                : IsStatus(figure.Value) ? new Count(1, Statuses: 1)
                : new Count(1, Without: 1);
            if (!Pages.ContainsKey(page) && !inTables[at] && !keys[at] && !phrases[at] && !IsStatus(figure.Value))
            {
                without.Add($"…{text[Math.Max(0, at - 40)..Math.Min(text.Length, at + 40)]}…");
            }
        }

        return (count, without);
    }

    // Its prose on one line, and where in it there are rows of tables that are compared.
    private static (string Text, bool[] InTables) Read(string page)
    {
        var text = new System.Text.StringBuilder();
        var spans = new List<(int, int)>();
        var (isCode, isHeld) = (false, false);
        foreach (var line in File.ReadLines(Path.Combine(Repository.Root, page)).Select(line => line.Trim()))
        {
            var isFence = line.StartsWith("```", StringComparison.Ordinal);
            isCode ^= isFence;
            if (isFence || isCode || line.StartsWith('<'))
            {
                continue;
            }

            isHeld = line.StartsWith('|') && (isHeld || Tables.Any(table => table.Page == page && line.StartsWith(table.Head, StringComparison.Ordinal)));
            var begin = text.Length;
            text.Append(Unlinked(Item().Replace(line, ""))).Append(' ');
            if (isHeld)
            {
                spans.Add((begin, text.Length));
            }
        }

        return (text.ToString(), Spans(spans, text.Length));
    }

    private static bool IsStatus(string figure) =>
        int.TryParse(figure.TrimEnd(','), NumberStyles.None, CultureInfo.InvariantCulture, out var status) && Statuses.Contains(status);

    private static string Unlinked(string line) => WhiteSpace().Replace(Link().Replace(line, "]"), " ");

    private static bool[] Spans(IEnumerable<(int Begin, int End)> spans, int length)
    {
        var held = new bool[length];
        foreach (var (begin, end) in spans)
        {
            Array.Fill(held, true, begin, Math.Min(end, length) - begin);
        }

        return held;
    }

    [GeneratedRegex(@"\]\([^)\s]*\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^\d+\. ")]
    private static partial Regex Item();

    [GeneratedRegex(@"\s+")]
    private static partial Regex WhiteSpace();

    [GeneratedRegex("`[^`]*`")]
    private static partial Regex Code();

    // Not parts of names, versions, paths and standards, and not a lone 0, which is the value of some field.
    [GeneratedRegex(@"(?!0(?![\d.,]))(?<![\w./:^`#-]|RFC |[Ss]ections? |ports? |Debian |OData |OpenAPI |[Ss]chema |Core runtime |, version |of the user |as the user )\d[\d,]*(?:\.\d+)?(?![\w/]|[.:-]\w|`)")]
    private static partial Regex Figure();

    private readonly record struct Count(int All, int Generated = 0, int Tables = 0, int Keys = 0, int Phrases = 0, int Statuses = 0, int Without = 0)
    {
        public static Count operator +(Count one, Count other) => new(
            one.All + other.All, one.Generated + other.Generated, one.Tables + other.Tables, one.Keys + other.Keys,
            one.Phrases + other.Phrases, one.Statuses + other.Statuses, one.Without + other.Without);

        public override string ToString() => $"{All} | {Generated} | {Tables} | {Keys} | {Phrases} | {Statuses} | {Without}";
    }
}
