using Batching.CrashTests.Plan;
using Batching.CrashTests.Processes;
using Batching.Testing;

namespace Batching.CrashTests.Running;

/// <content>Several gateways on one PostgreSQL, of which one after the other is killed or paused, and at times the database.</content>
internal sealed partial class CrashRun
{
    private const int Gateways = 3;

    // One in so many is a pause for longer than the lease, and one in so many a crash of the database.
    private const int KillsBetweenPauses = 5;
    private const int KillsBetweenStoreCrashes = 10;

    // As short as one may be, so that a pause is longer and what was held is soon free.
    private static readonly TimeSpan ClusterLease = TimeSpan.FromSeconds(6);

    // What failed before it is seen that the database is back is no surprise either.
    private static readonly TimeSpan AfterStoreCrash = TimeSpan.FromSeconds(5);

    private readonly Incarnation?[] _servers = new Incarnation?[Gateways];
    private readonly ChildProcess?[] _processes = new ChildProcess?[Gateways];

    private async Task KillClusterAsync(Dictionary<string, string> environment, int kills, PostgresServer postgres)
    {
        environment["Batch__Store__Lease"] = ClusterLease.ToString("c");

        // So that small batches are run by all, too.
        environment["Batch__ShareAbove"] = "1";
        await Task.WhenAll(Enumerable.Range(0, Gateways).Select(i => StartOneAsync(environment, i)));
        for (var kill = 0; kill < kills; kill++)
        {
            var victim = _plan.Kill(kill).Count % Gateways;
            if (kill % KillsBetweenStoreCrashes == KillsBetweenStoreCrashes - 1)
            {
                await CrashStoreAsync(environment, postgres);
            }

            if (kill % KillsBetweenPauses == KillsBetweenPauses - 1)
            {
                await PauseOneAsync(victim);
            }
            else
            {
                await KillOneAsync(victim, _plan.Kill(kill));
            }

            await StartOneAsync(environment, victim);
        }
    }

    private async Task StartOneAsync(Dictionary<string, string> environment, int index)
    {
        var process = ChildProcess.Start(Folders.Server, [], environment);
        var server = await StartAsync(process);
        (_processes[index], _servers[index]) = (process, server);
        _stage.Servers.Put(server);
    }

    private async Task KillOneAsync(int index, KillPlan plan)
    {
        var (process, server) = (_processes[index]!, _servers[index]!);
        var trigger = new KillTrigger(plan, () =>
        {
            server.MarkKilled();
            History.Add(History.Kills, TimeProvider.System.GetUtcNow());
            process.Kill();
        });
        _stage.Trigger = trigger;
        await Task.WhenAny(trigger.Killed, Task.Delay(LongestLife, TimeProvider.System));
        _stage.Trigger = null;
        if (!trigger.Killed.IsCompleted)
        {
            server.MarkKilled();
            History.Add(History.Kills, TimeProvider.System.GetUtcNow());
            process.Kill();
        }

        await EndOneAsync(index);
    }

    // The others take it for dead meanwhile, and it wakes with all that it was about to do.
    private async Task PauseOneAsync(int index)
    {
        var (process, server) = (_processes[index]!, _servers[index]!);
        server.MarkKilled();
        History.Add(History.Kills, TimeProvider.System.GetUtcNow());
        _stage.Servers.Remove(server);
        await process.SignalAsync("STOP");
        await Task.Delay(2 * ClusterLease, TimeProvider.System);
        await process.SignalAsync("CONT");
        await EndOneAsync(index, exitCode: 75);
    }

    private async Task CrashStoreAsync(Dictionary<string, string> environment, PostgresServer postgres)
    {
        _stage.IsStoreAway = true;
        postgres.StopImmediately();
        postgres.Start();
        await Task.Delay(AfterStoreCrash, TimeProvider.System);
        await StartEndedAsync(environment);
        _stage.IsStoreAway = false;
    }

    // Who could not renew its lease in time has ended by itself, as whatever runs gateways expects it to: on a busy machine that is
    // so after a crash of the database. Without it nobody would be there to see that another one is paused.
    private async Task StartEndedAsync(Dictionary<string, string> environment)
    {
        for (var i = 0; i < Gateways; i++)
        {
            if (_processes[i]!.HasExited)
            {
                await EndOneAsync(i, exitCode: 75);
                await StartOneAsync(environment, i);
            }
        }
    }

    private async Task EndOneAsync(int index, int? exitCode = null)
    {
        var (process, server) = (_processes[index]!, _servers[index]!);
        _stage.Servers.Remove(server);
        var ended = await process.WaitForExitAsync();
        if (exitCode is { } expected && ended != expected)
        {
            History.Add(History.Surprises, $"a server that was paused for longer than its lease ended with the exit code {ended}");
        }

        AddErrors(process, wasPaused: exitCode is not null);
        Retire(server);
        process.Dispose();
    }

    private async Task EndClusterAsync()
    {
        for (var i = 0; i < Gateways; i++)
        {
            if (_processes[i] is not null)
            {
                _servers[i]!.MarkKilled();
                await _processes[i]!.TerminateAsync();
                await EndOneAsync(i, exitCode: 0);
            }
        }
    }
}
