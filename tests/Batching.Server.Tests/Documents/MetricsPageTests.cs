using System.Diagnostics.Metrics;
using System.Text.Json;
using System.Text.RegularExpressions;
using Batching.Engine.Telemetry;
using Batching.Server.Telemetry;
using Batching.Server.Tests.Infrastructure;
using Batching.Server.Tests.Telemetry;
using Microsoft.Extensions.DependencyInjection;

namespace Batching.Server.Tests.Documents;

/// <summary>The table of <c>docs/telemetry.md</c> and the dashboard have the metrics that there are.</summary>
public sealed partial class MetricsPageTests
{
    private static readonly string[] Meters = [BatchMetrics.MeterName, .. Instruments.OfTheRuntime.Keys];

    [Fact]
    public async Task Page_Metrics_AreThoseThatAreExportedWithTheirUnits()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, $"--Batch:Operations:Url={FreePort.FindUrl()}");
        var found = new SortedSet<string>(StringComparer.Ordinal);
        var meters = gateway.Get<IMeterFactory>();
        gateway.Get<RpcMetrics>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                // Those of the runtime have no factory, and those of other gateways in this process have others.
                if ((instrument.Meter.Scope == meters || instrument.Meter.Name == "System.Runtime")
                    && Instruments.IsExported(instrument.Meter.Name, instrument.Name, hasScope: true))
                {
                    found.Add($"{instrument.Name} {KindOf(instrument)} {instrument.Unit}");
                }
            },
        };
        await gateway.Rest.WaitUntilDoneAsync((await gateway.Rest.SubmitPathsAsync("x")).Id);
        listener.Start();

        Assert.Equal(found, MetricsPage.Rows.Select(row => $"{row.Name} {row.Kind} {row.Unit}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Page_MetricsOfTheRuntime_AreAllThere() => Assert.Equal(
        Instruments.OfTheRuntime.Values.SelectMany(names => names).Order(),
        MetricsPage.Rows.Select(row => row.Name)
            .Where(name => !name.StartsWith("batching.", StringComparison.Ordinal) && name != RpcMetrics.Duration)
            .Order());

    [Fact]
    public void Meters_ThatAreListenedTo_AreThoseOfThePage() => Assert.Equal(Meters, Instruments.Meters);

    [Fact]
    public void Dashboard_Metrics_AreThoseOfThePage()
    {
        using var dashboard = JsonDocument.Parse(File.ReadAllText(Path.Combine(Repository.Root, "deploy", "grafana.json")));
        string[] used =
        [
            .. dashboard.RootElement.GetProperty("panels").EnumerateArray()
                .Where(panel => panel.TryGetProperty("targets", out _))
                .SelectMany(panel => panel.GetProperty("targets").EnumerateArray())
                .SelectMany(target => Selected().Matches(target.GetProperty("expr").GetString()!))
                .Select(match => match.Groups["name"].Value)
                .Distinct(),
        ];

        Assert.All(used, name => Assert.Contains(name, MetricsPage.Rows.SelectMany(MetricsPage.NamesInText)));
        Assert.All(MetricsPage.Rows, row => Assert.Contains(MetricsPage.NamesInText(row), used.Contains));
    }

    [GeneratedRegex(@"(?<name>\w+)\{")]
    private static partial Regex Selected();

    private static string KindOf(Instrument instrument) => instrument.GetType().Name switch
    {
        "Histogram`1" => "histogram",
        "Counter`1" or "ObservableCounter`1" => "counter",
        _ => "sum",
    };
}
