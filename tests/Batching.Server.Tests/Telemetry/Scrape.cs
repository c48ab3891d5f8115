using System.Globalization;
using System.Text.RegularExpressions;
using Batching.Server.Tests.Infrastructure;

namespace Batching.Server.Tests.Telemetry;

/// <summary>The metrics of a gateway at one moment, in the text format of Prometheus.</summary>
internal sealed partial class Scrape
{
    // What the exporter adds to every series.
    private const string Scope = "otel_scope_";

    private Scrape(string text)
    {
        Text = text;
        Series =
        [
            .. Line().Matches(text).Select(line => (
                line.Groups["name"].Value,
                (IReadOnlyDictionary<string, string>)Label().Matches(line.Groups["labels"].Value)
                    .Where(label => !label.Groups["key"].Value.StartsWith(Scope, StringComparison.Ordinal))
                    .ToDictionary(label => label.Groups["key"].Value, label => label.Groups["value"].Value),
                double.Parse(line.Groups["value"].Value, CultureInfo.InvariantCulture))),
        ];
    }

    public string Text { get; }

    public IReadOnlyList<(string Name, IReadOnlyDictionary<string, string> Labels, double Value)> Series { get; }

    /// <summary>Reads them.</summary>
    /// <param name="operations">The operations address.</param>
    public static async Task<Scrape> ReadAsync(RestClient operations)
    {
        var reply = await operations.GetAsync("/metrics");
        Assert.Equal(200, reply.Status);
        return new Scrape(reply.Text);
    }

    /// <summary>The sum of the series of one name that have these labels; null if there is none.</summary>
    public double? Find(string name, params (string Key, string Value)[] labels)
    {
        var found = Series
            .Where(series => series.Name == name
                && labels.All(label => series.Labels.GetValueOrDefault(label.Key, "") == label.Value))
            .ToArray();
        return found.Length == 0 ? null : found.Sum(series => series.Value);
    }

    [GeneratedRegex(@"^(?<name>[a-zA-Z_:][\w:]*)(?:\{(?<labels>[^}]*)\})? (?<value>\S+)", RegexOptions.Multiline)]
    private static partial Regex Line();

    [GeneratedRegex("""(?<key>\w+)="(?<value>(?:[^"\\]|\\.)*)""")]
    private static partial Regex Label();
}
