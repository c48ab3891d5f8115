using System.Globalization;
using Batching.CrashTests.Plan;
using Batching.CrashTests.Running;
using Xunit.Abstractions;

namespace Batching.CrashTests;

/// <summary>
/// Kills the server again and again. <c>BATCH_CRASH_KILLS</c> says how often, <c>BATCH_CRASH_SEED</c> with which plan.
/// </summary>
public sealed class CrashRunTests(ITestOutputHelper output)
{
    private const int Kills = 30;

    [Fact]
    public async Task Server_KilledAtRandomMoments_KeepsItsPromises()
    {
        var seed = Read("BATCH_CRASH_SEED") ?? Random.Shared.Next();
        output.WriteLine($"BATCH_CRASH_SEED={seed}");

        var report = await CrashRun.RunAsync(new CrashPlan(seed), Read("BATCH_CRASH_KILLS") ?? Kills);

        output.WriteLine(report.ToString());
        Assert.True(report.Violations.Count == 0, report.ToString());
        // A run that has not seen what it is to check has checked nothing.
        Assert.True(report.Batches > 0 && report.Results > 0 && report.UnsafeCalls > 0 && report.KeyedCalls > 0);
    }

    private static int? Read(string variable) => Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text
        ? int.Parse(text, CultureInfo.InvariantCulture)
        : null;
}
