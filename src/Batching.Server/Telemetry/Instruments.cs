using Batching.Engine.Telemetry;

namespace Batching.Server.Telemetry;

/// <summary>
/// The instruments that are exported: all of the gateway's own, and those of .NET that say something about it which those don't. None
/// has a tag by which owners, paths or ids could be told apart.
/// </summary>
internal static class Instruments
{
    /// <summary>The meters of .NET with the instruments that are exported of them.</summary>
    public static IReadOnlyDictionary<string, string[]> OfTheRuntime { get; } = new Dictionary<string, string[]>
    {
        ["Microsoft.AspNetCore.Hosting"] = ["http.server.request.duration"],
        ["Microsoft.AspNetCore.Server.Kestrel"] = ["kestrel.active_connections"],
        // Not its connections, which are counted anew four times a call: whenever one becomes idle or active.
        [UpstreamMeter] = ["http.client.request.duration"],
        ["System.Runtime"] = ["dotnet.gc.pause.time", "dotnet.process.cpu.time", "dotnet.process.memory.working_set"],
    };

    /// <summary>The names of all meters that are listened to.</summary>
    public static string[] Meters { get; } = [BatchMetrics.MeterName, .. OfTheRuntime.Keys];

    private const string UpstreamMeter = "System.Net.Http";

    /// <summary>Whether an instrument of one of these meters is exported.</summary>
    /// <param name="meter">The name of its meter.</param>
    /// <param name="instrument">Its name.</param>
    /// <param name="hasScope">
    /// Whether its meter is one of this gateway. The calls that the exporter makes are counted in that of the process, and are none to an
    /// upstream.
    /// </param>
    public static bool IsExported(string meter, string instrument, bool hasScope) =>
        meter == BatchMetrics.MeterName
        || (OfTheRuntime.TryGetValue(meter, out var names) && names.Contains(instrument) && (hasScope || meter != UpstreamMeter));
}
