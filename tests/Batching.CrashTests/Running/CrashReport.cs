using System.Globalization;
using System.Text;
using Batching.CrashTests.Checking;

namespace Batching.CrashTests.Running;

/// <summary>What came of a run.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="Kills">How often a server was killed.</param>
/// <param name="Batches">Batches that were acknowledged.</param>
/// <param name="Requests">Their requests, spawned ones included.</param>
/// <param name="Results">Results in complete replies.</param>
/// <param name="UpstreamCalls">Calls that the upstream received.</param>
/// <param name="UnsafeCalls">Those of them that must not be repeated.</param>
/// <param name="KeyedCalls">Calls with an Idempotency-Key.</param>
/// <param name="Interrupted">Results that say INTERRUPTED.</param>
/// <param name="Appends">Appends that were acknowledged.</param>
/// <param name="Messages">Messages of webhooks that have come.</param>
/// <param name="Violations">What was promised and not kept.</param>
internal sealed record CrashReport(
    int Seed,
    int Kills,
    int Batches,
    int Requests,
    int Results,
    int UpstreamCalls,
    int UnsafeCalls,
    int KeyedCalls,
    int Interrupted,
    int Appends,
    int Messages,
    IReadOnlyList<Violation> Violations)
{
    private const int Shown = 50;

    public override string ToString()
    {
        var text = new StringBuilder().Append(
            CultureInfo.InvariantCulture,
            $"seed {Seed}: {Kills} kills, {Batches} batches, {Requests} requests, {Results} results in complete replies; ")
            .Append(
                CultureInfo.InvariantCulture,
                $"{UpstreamCalls} calls of the API, {UnsafeCalls} of them unsafe, {KeyedCalls} with a key; ")
            .Append(CultureInfo.InvariantCulture, $"{Interrupted} interrupted; {Appends} appends, {Messages} messages; {Violations.Count} violations");
        foreach (var violation in Violations.Take(Shown))
        {
            text.AppendLine().Append(CultureInfo.InvariantCulture, $"  {violation.Kind}: {violation.Text}");
        }

        return text.ToString();
    }
}
