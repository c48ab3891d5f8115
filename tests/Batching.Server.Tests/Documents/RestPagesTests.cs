using System.Text.RegularExpressions;
using Batching.Engine.Keyed;
using Batching.Engine.Model;
using Batching.Rest.Calls;

namespace Batching.Server.Tests.Documents;

/// <summary>The tables of errors in <c>docs/rest-v0.md</c>, <c>docs/rest-v2.md</c> and <c>docs/rest-guide.md</c> say what the code says.</summary>
public sealed partial class RestPagesTests
{
    // The server answers with it by itself, before it knows the path.
    private const int HeaderTooLarge = 431;

    [Fact]
    public void V0_Failures_AreAllThereWithTheirStatus() => Assert.Equal(
        Failures().Select(failure => (failure.StatusCode(), failure.Reason())).Order(),
        Rows("rest-v0.md")
            .Where(cells => cells.Length > 1)
            .SelectMany(cells => Names(cells[1]).Select(name => (Status: cells[0], Name: name)))
            .Where(row => int.TryParse(row.Status, out _))
            .Select(row => (int.Parse(row.Status, null), row.Name))
            .Where(row => Failures().Any(failure => failure.Reason() == row.Name))
            .Distinct()
            .Order());

    [Theory]
    [InlineData("rest-v0.md", 12)]
    [InlineData("rest-v2.md", 7)]
    public void Pages_StatusesOfCalls_AreThoseOfErrors(string page, int atLeast)
    {
        int[] statuses =
        [
            .. Rows(page)
                .Where(cells => cells.Length == 2 && int.TryParse(cells[0], out _))
                .Select(cells => int.Parse(cells[0], null)),
        ];

        Assert.True(statuses.Length >= atLeast, $"{page} has only {statuses.Length} statuses.");
        Assert.All(statuses.Where(status => status != HeaderTooLarge), status => Assert.Contains(
            CallErrorKinds.All, kind => kind.HttpStatus == status && kind.Forms.HasFlag(CallForms.Rest)));
    }

    // A status stands beside the words of its error, and not only one that there is.
    [Theory]
    [InlineData("rest-v0.md")]
    [InlineData("rest-v2.md")]
    public void Pages_StatusesOfCalls_StandBesideTheirErrors(string page)
    {
        var rows = Rows(page).Where(cells => cells.Length == 2 && int.TryParse(cells[0], out var status) && status != HeaderTooLarge).ToArray();

        Assert.All(rows, cells => Assert.Contains(Says, said => cells[1].Contains(said.Words, StringComparison.Ordinal)));
        Assert.All(rows, cells => Assert.All(
            Says.Where(said => cells[1].Contains(said.Words, StringComparison.Ordinal)).Take(1),
            said => Assert.Equal(($"{said.Kind.HttpStatus}", cells[1]), (cells[0], cells[1]))));
    }

    [Fact]
    public void V2_Codes_AreReasonsInLowerCaseWithTheirStatus()
    {
        var known = Failures().Select(failure => (failure.StatusCode(), failure.Reason().ToLowerInvariant()))
            .Concat(KeyedFailure.All.Select(failure => (failure.StatusCode, failure.Reason.ToLowerInvariant())))
            .Append((400, "invalid_argument"))
            .ToHashSet();
        var said = Rows("rest-v2.md")
            .Where(cells => cells.Length == 3 && int.TryParse(cells[0], out _))
            .SelectMany(cells => Names(cells[1]).Select(name => (int.Parse(cells[0], null), name)))
            .ToArray();

        Assert.True(said.Length >= 8, $"The page has only {said.Length} codes.");
        Assert.All(said, row => Assert.Contains(row, known));
    }

    [Fact]
    public void Guide_Reasons_AreThere() => Assert.All(
        Rows("rest-guide.md").Where(cells => cells.Length == 3).SelectMany(cells => Names(cells[0])),
        name => Assert.Contains(Failures(), failure => failure.Reason() == name));

    // What the table says of another attempt is what the errors say. 502 is a proxy's.
    [Theory]
    [InlineData("don't try again", nameof(CallRepeat.No))]
    [InlineData("nothing was changed", nameof(CallRepeat.Yes))]
    [InlineData("wait as many seconds as", nameof(CallRepeat.AfterRetryInfo))]
    [InlineData("a call that reads: try again", nameof(CallRepeat.IfReading))]
    public void Guide_Statuses_AreTriedAgainAsTheErrorsSay(string what, string repeat)
    {
        var statuses = Rows("rest-guide.md").Single(cells => cells.Length == 2 && cells[1].StartsWith(what, StringComparison.Ordinal))[0]
            .Split(", ").Select(status => int.Parse(status, null)).Where(status => status != 502).ToArray();

        Assert.NotEmpty(statuses);
        Assert.All(statuses, status => Assert.All(
            CallErrorKinds.All.Where(kind => kind.HttpStatus == status && kind.Forms.HasFlag(CallForms.Rest)),
            kind => Assert.Equal(repeat, kind.Repeat.ToString())));
    }

    // The first one that fits counts.
    private static readonly (string Words, CallErrorKind Kind)[] Says =
    [
        ("something is wrong with the call", CallErrorKinds.Invalid), ("the body is not JSON", CallErrorKinds.Invalid),
        ("`WWW-Authenticate`", CallErrorKinds.Unauthenticated), ("a web page", CallErrorKinds.ForeignPage),
        ("no such batch", CallErrorKinds.NotFound), ("does not know this method", CallErrorKinds.NoMethod),
        ("did not arrive in time", CallErrorKinds.BodyLate), ("the `Idempotency-Key` was used", CallErrorKinds.KeyReused),
        ("so many small parts", CallErrorKinds.TooLarge), ("the URL is too long", CallErrorKinds.UrlTooLong),
        ("is compressed with something else", CallErrorKinds.UnsupportedMediaType), ("the `Range` has nothing", CallErrorKinds.BadRange),
        ("[quota", CallErrorKinds.Exhausted), ("a fault of the gateway", CallErrorKinds.Unknown),
        ("can't store anything", CallErrorKinds.Unavailable), ("the deadline of the call", CallErrorKinds.Late),
    ];

    private static IEnumerable<Failure> Failures() => Enum.GetValues<Failure>().Where(failure => failure != Failure.None);

    private static string[][] Rows(string page) =>
    [
        .. File.ReadLines(Path.Combine(Repository.Root, "docs", page))
            .Where(line => line.StartsWith("| ", StringComparison.Ordinal))
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries)[1..^1]),
    ];

    private static IEnumerable<string> Names(string cell) => Name().Matches(cell).Select(match => match.Groups["name"].Value);

    [GeneratedRegex("`(?<name>[A-Za-z_]+)`")]
    private static partial Regex Name();
}
