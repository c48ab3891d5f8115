using Batching.Engine.Configuration;
using Batching.Engine.Model;
using Batching.Server.Tests.Infrastructure;
using Batching.V1;

namespace Batching.Server.Tests.Documents;

/// <summary><c>docs/states.md</c> names the states and failures that there are, and types that there are.</summary>
public sealed class StatesPageTests
{
    // Of each table: its cells, by row.
    private static readonly string[][] Rows =
    [
        .. File.ReadLines(Path.Combine(Repository.Root, "docs", "states.md"))
            .Where(line => line.StartsWith("| ", StringComparison.Ordinal))
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries)[1..^1]),
    ];

    [Fact]
    public void Page_Failures_AreAllThereWithTheirStatus() => Assert.Equal(
        Enum.GetValues<Failure>()
            .Where(failure => failure != Failure.None)
            .Select(failure => ($"`{failure.Reason()}`", $"{failure.StatusCode()}"))
            .Order(),
        Rows.Where(cells => cells.Length == 4 && int.TryParse(cells[1], out _)).Select(cells => (cells[0], cells[1])).Order());

    [Fact]
    public void Page_StatesOfABatch_AreAllThere() => Assert.Equal(
        Enum.GetNames<BatchState>().Where(name => name != nameof(BatchState.Unspecified))
            .Select(name => $"`{name.ToUpperInvariant()}`").Order(),
        Rows.Where(cells => cells.Length == 3).Select(cells => cells[0]).Where(cell => cell.StartsWith('`')).Order());

    [Fact]
    public void Page_TypesInTheLastColumn_AreThere()
    {
        var types = typeof(BatchEngineOptions).Assembly.GetTypes()
            .Select(type => type.IsNested ? $"{type.DeclaringType!.Name}.{type.Name}" : type.Name)
            .ToHashSet();
        var named = Rows.Where(cells => cells.Length == 4).SelectMany(cells => cells[3].Split('`').Where((_, i) => i % 2 == 1));

        Assert.All(named, name => Assert.Contains(name, types));
    }
}
