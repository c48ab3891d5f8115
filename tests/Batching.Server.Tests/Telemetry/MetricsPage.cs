using Batching.Server.Tests.Infrastructure;

namespace Batching.Server.Tests.Telemetry;

/// <summary>The table of metrics in <c>docs/telemetry.md</c>.</summary>
internal static class MetricsPage
{
    // Of histograms and counters, what the text format adds to their names.
    private static readonly string[] Suffixes = ["_bucket", "_sum", "_count", "_total"];

    /// <summary>Its rows.</summary>
    public static IReadOnlyList<(string Name, string Kind, string Unit, IReadOnlyList<string> Labels)> Rows { get; } =
    [
        .. File.ReadLines(Path.Combine(Repository.Root, "docs", "telemetry.md"))
            .SkipWhile(line => line != "## Metrics")
            .TakeWhile(line => line != "## Traces")
            .Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries)[1..^1])
            .Select(cells => (
                cells[0].Trim('`'),
                cells[1].Split(", ")[0],
                cells[1].Split(", ")[1].Trim('`'),
                (IReadOnlyList<string>)[.. cells[2].Split(", ", StringSplitOptions.RemoveEmptyEntries).Select(label => label.Trim('`'))])),
    ];

    /// <summary>Fails if a series has a name or a label that is not in the table.</summary>
    public static void AssertHasAll(Scrape scrape) => Assert.All(
        scrape.Series.Where(series => series.Name is not ("target_info" or "otel_scope_info")),
        series =>
        {
            var name = Suffixes.Aggregate(
                series.Name,
                (name, suffix) => name.EndsWith(suffix, StringComparison.Ordinal) ? name[..^suffix.Length] : name);
            var row = Assert.Single(Rows, row => name == NameInText(row.Name, row.Unit));
            Assert.All(series.Labels.Keys.Except(["le"]), label => Assert.Contains(label, row.Labels.Select(ToText)));
        });

    /// <summary>The names that the series of a metric have in the text format.</summary>
    public static string[] NamesInText((string Name, string Kind, string Unit, IReadOnlyList<string> Labels) row)
    {
        var name = NameInText(row.Name, row.Unit);
        return row.Kind switch
        {
            "histogram" => [$"{name}_bucket", $"{name}_sum", $"{name}_count"],
            "counter" => [$"{name}_total"],
            _ => [name],
        };
    }

    private static string NameInText(string name, string unit) => ToText(name) + unit switch
    {
        "s" => "_seconds",
        "By" => "_bytes",
        _ => "",
    };

    private static string ToText(string name) => name.Replace('.', '_');
}
