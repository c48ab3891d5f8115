using System.Globalization;
using Batching.CrashTests.Plan;
using Batching.CrashTests.Running;
using Batching.Testing;
using Xunit.Abstractions;

namespace Batching.CrashTests;

/// <summary>
/// Kills the server again and again. <c>BATCH_CRASH_KILLS</c> says how often, <c>BATCH_CRASH_SEED</c> with which plan;
/// <c>BATCH_CRASH_POSTGRES_KILLS</c> how often on PostgreSQL, <c>BATCH_CRASH_CLUSTER_KILLS</c> how often one of three is there.
/// </summary>
public sealed class CrashRunTests(ITestOutputHelper output)
{
    private const int Kills = 30;

    // Whoever comes after one that was killed waits for the end of its lease.
    private const int PostgresKills = 3;

    private const int ClusterKills = 6;

    // What a run must have checked at the least, for each of its kills.
    private const int Results = 10;
    private const int Calls = 1;

    [Fact]
    public Task Server_KilledAtRandomMoments_KeepsItsPromises() =>
        RunAsync(Read("BATCH_CRASH_KILLS") ?? Kills, database: null);

    [PostgresFact]
    public Task ServerOnPostgres_KilledAtRandomMoments_KeepsItsPromises() =>
        RunAsync(Read("BATCH_CRASH_POSTGRES_KILLS") ?? PostgresKills, PostgresServer.Shared.ConnectionString(PostgresServer.Shared.CreateDatabase()));

    [ClusterFact]
    public async Task ThreeServersOnPostgres_KilledPausedAndCutOff_KeepTheirPromises()
    {
        using var postgres = PostgresServer.StartOwn();
        await RunAsync(
            Read("BATCH_CRASH_CLUSTER_KILLS") ?? ClusterKills, postgres.ConnectionString(postgres.CreateDatabase()), postgres);
    }

    private async Task RunAsync(int kills, string? database, PostgresServer? cluster = null)
    {
        var seed = Read("BATCH_CRASH_SEED") ?? Random.Shared.Next();
        output.WriteLine($"BATCH_CRASH_SEED={seed}");

        var report = await CrashRun.RunAsync(new CrashPlan(seed, hasOpenBatches: database is null), kills, database, cluster);

        output.WriteLine(report.ToString());
        Assert.True(report.Violations.Count == 0, report.ToString());
        // A run that has not seen what it is to check has checked nothing.
        Assert.InRange(report.Results, kills * Results, int.MaxValue);
        Assert.InRange(report.UnsafeCalls, kills * Calls, int.MaxValue);
        Assert.InRange(report.KeyedCalls, kills * Calls, int.MaxValue);
    }

    private static int? Read(string variable) => Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text
        ? int.Parse(text, CultureInfo.InvariantCulture)
        : null;
}
