using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using Batching.CrashTests.Callers;
using Batching.CrashTests.Checking;
using Batching.CrashTests.History;
using Batching.CrashTests.Plan;
using Batching.CrashTests.Processes;
using Batching.CrashTests.Upstream;
using Batching.Testing;

namespace Batching.CrashTests.Running;

/// <summary>One run: a server is killed and started again while its clients go on.</summary>
internal sealed partial class CrashRun : IDisposable
{
    private const int Submitters = 3;
    private const int KillsBetweenInspections = 10;
    private const int LongestLifeInStarts = 3;

    // Only for what would never end: a machine that is busy may be slow.
    private static readonly TimeSpan ReadyDeadline = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan FinishDeadline = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan ToldDeadline = TimeSpan.FromMinutes(1);

    // The moment of a kill may never come, for example if nothing is left to be read. A machine that takes its time to
    // start a server takes its time for the rest too.
    private static readonly TimeSpan LongestLife = TimeSpan.FromSeconds(2);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("batch-crash-");
    private readonly CrashPlan _plan;
    private readonly Stage _stage;
    private readonly List<Violation> _violations = [];
    private readonly Queue<Incarnation> _dead = new();
    private readonly string? _database;
    private TimeSpan _startTime = TimeSpan.FromSeconds(1);
    private int _incarnations;

    private CrashRun(CrashPlan plan, string? database)
    {
        _plan = plan;
        _database = database;
        _stage = new Stage(plan);
    }

    private string DataPath => Path.Combine(_directory.FullName, "data");

    private string MasterKeyPath => Path.Combine(_directory.FullName, "master.key");

    private string JournalPath => Path.Combine(_directory.FullName, "journal");

    private CrashHistory History => _stage.History;

    /// <summary>Runs a plan.</summary>
    /// <param name="plan">What happens when.</param>
    /// <param name="kills">How often the server is killed.</param>
    /// <param name="database">The connection string of its PostgreSQL database; null for the embedded store.</param>
    /// <param name="cluster">The server of the database, if there are several gateways, and it is killed, too.</param>
    public static async Task<CrashReport> RunAsync(
        CrashPlan plan, int kills, string? database, PostgresServer? cluster = null)
    {
        using var run = new CrashRun(plan, database);
        return await run.RunAsync(kills, cluster);
    }

    public void Dispose()
    {
        foreach (var incarnation in _dead)
        {
            incarnation.Dispose();
        }

        _directory.Delete(recursive: true);
    }

    private async Task<CrashReport> RunAsync(int kills, PostgresServer? cluster)
    {
        using var upstream = ChildProcess.Start(
            Folders.Upstream, [JournalPath], new Dictionary<string, string>(), OnUpstreamLine);
        await using var receiver = await WebhookReceiver.StartAsync(History);
        _stage.NotifyUrl = $"{receiver.Address}/told";
        var environment = new Dictionary<string, string>
        {
            ["ASPNETCORE_ENVIRONMENT"] = "Production",
            ["ASPNETCORE_URLS"] = "http://127.0.0.1:0",
            // None of them lives long enough for it to pay.
            ["DOTNET_TieredPGO"] = "0",
            ["Batch__Upstream"] = await upstream.Listening.WaitAsync(ReadyDeadline),
            ["Batch__DataDirectory"] = _database is null ? DataPath : "",
            ["Batch__Webhooks__AllowedHosts__0"] = receiver.Address,
            ["Batch__Webhooks__AllowPrivateAddresses"] = "true",
            ["Batch__Webhooks__RetryDelay"] = "00:00:00.200",
            ["Batch__Webhooks__MaxRetryDelay"] = "00:00:01",

            // For those that nobody appends to, because their submission was not acknowledged.
            ["Batch__Limits__OpenBatchIdle"] = "00:00:45",
        };
        if (_database is not null)
        {
            await File.WriteAllBytesAsync(MasterKeyPath, RandomNumberGenerator.GetBytes(32));
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(MasterKeyPath, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }

            environment["Batch__Store__Postgres"] = _database;
            environment["Batch__Store__MasterKeyFile"] = MasterKeyPath;

            // A machine that is busy with other tests renews a shorter one too late, and calls are refused until it has.
            environment["Batch__Store__Lease"] = "00:00:10";
        }

        using var stop = new CancellationTokenSource();
        using var giveUp = new CancellationTokenSource();
        using var submitter = new Submitter(_stage, giveUp.Token);
        var submitting = Enumerable.Range(0, Submitters).Select(_ => submitter.RunAsync(stop.Token))
            .Append(submitter.RunKeyedAsync(stop.Token))
            .ToArray();
        if (cluster is not null)
        {
            await KillClusterAsync(environment, kills, cluster);
        }

        for (var kill = 0; kill < kills && cluster is null; kill++)
        {
            await LiveAndDieAsync(environment, _plan.Kill(kill));
            if (kill % KillsBetweenInspections == 0)
            {
                InspectData();
            }
        }

        await FinishAsync(environment, submitter, submitting, stop, giveUp);
        upstream.Kill();
        return Check(kills);
    }

    private async Task LiveAndDieAsync(Dictionary<string, string> environment, KillPlan plan)
    {
        using var process = ChildProcess.Start(Folders.Server, [], environment);
        if (plan.Moment == KillMoment.Startup)
        {
            await Task.Delay(_startTime * plan.Delay, TimeProvider.System);
            History.Add(History.Kills, TimeProvider.System.GetUtcNow());
            process.Kill();
            _incarnations++;
        }
        else
        {
            var server = await StartAsync(process);
            var trigger = new KillTrigger(plan, () =>
            {
                server.MarkKilled();
                History.Add(History.Kills, TimeProvider.System.GetUtcNow());
                process.Kill();
            });
            _stage.Trigger = trigger;
            _stage.Servers.Put(server);
            trigger.Count(KillMoment.Listening);
            var longest = TimeSpan.FromTicks(Math.Max(LongestLife.Ticks, LongestLifeInStarts * _startTime.Ticks));
            await Task.WhenAny(trigger.Killed, Task.Delay(longest, TimeProvider.System));
            _stage.Trigger = null;
            if (!trigger.Killed.IsCompleted)
            {
                server.MarkKilled();
                History.Add(History.Kills, TimeProvider.System.GetUtcNow());
                process.Kill();
            }

            _stage.Servers.Remove(server);
            Retire(server);
        }

        await process.WaitForExitAsync();
        AddErrors(process);
    }

    private async Task FinishAsync(
        Dictionary<string, string> environment,
        Submitter submitter,
        Task[] submitting,
        CancellationTokenSource stop,
        CancellationTokenSource giveUp)
    {
        using var process = ChildProcess.Start(Folders.Server, [], environment);
        var server = await StartAsync(process);
        _stage.Servers.Put(server);
        await stop.CancelAsync();
        await Task.WhenAll(submitting).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        giveUp.CancelAfter(FinishDeadline);
        await submitter.WhenAllReadAsync();
        await ReadFinalsAsync(server, giveUp.Token);
        await WaitUntilToldAsync(giveUp.Token);
        InspectData();
        await EndClusterAsync();
        server.MarkKilled();
        await process.TerminateAsync();
        var exitCode = await process.WaitForExitAsync();
        if (exitCode != 0)
        {
            History.Add(History.Surprises, $"the server ended with the exit code {exitCode}");
        }

        AddErrors(process);
        Retire(server);
        InspectData();
        if (_database is null)
        {
            _violations.AddRange(DataDirectory.InspectCredentials(DataPath));
        }
    }

    private async Task<Incarnation> StartAsync(ChildProcess process)
    {
        var started = Stopwatch.StartNew();
        var address = await process.Listening.WaitAsync(ReadyDeadline);
        await WaitUntilActiveAsync(address);
        _startTime = started.Elapsed;
        return new Incarnation(_incarnations++, address, _plan);
    }

    // On PostgreSQL it stands by until the lease of the one before it is over.
    private async Task WaitUntilActiveAsync(string address)
    {
        if (_database is null)
        {
            return;
        }

        using var deadline = new CancellationTokenSource(ReadyDeadline);
        using var client = new HttpClient { BaseAddress = new Uri(address) };
        while ((await client.GetAsync("/healthz", deadline.Token)).StatusCode != HttpStatusCode.OK)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, deadline.Token);
        }
    }

    // Every batch there is, acknowledged or not, from its beginning.
    private async Task ReadFinalsAsync(Incarnation server, CancellationToken giveUp)
    {
        for (var owner = 0; owner < CrashPlan.Owners; owner++)
        {
            var caller = server.Caller(owner, Transport.Grpc);
            foreach (var id in await caller.ListAsync())
            {
                var final = await ReadFinalAsync(caller, id, owner, giveUp);
                var bodies = new OmittedBodies(_stage, owner, id, giveUp);
                History.Add(History.Finals, final with { Results = await bodies.ReadAsync(final.Results) });
            }
        }
    }

    // What is not told by then is told by the check.
    private async Task WaitUntilToldAsync(CancellationToken giveUp)
    {
        var batches = Checker.BatchesOf(History);
        var waited = Stopwatch.StartNew();
        while (waited.Elapsed < ToldDeadline && !giveUp.IsCancellationRequested && !WebhookCheck.IsComplete(History.WithTold(), batches))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, giveUp)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task<FinalBatch> ReadFinalAsync(
        ICaller caller, string id, int owner, CancellationToken giveUp)
    {
        var results = new List<ResultSeen>();
        while (true)
        {
            var page = await caller.FetchAsync(id, results.Count);
            results.AddRange(page.Results);
            if (page.Results.Count == 0 && (page.Counters.Running == 0 || giveUp.IsCancellationRequested))
            {
                return new FinalBatch(id, owner, page.Counters.Total, page.Counters.Running, results);
            }

            if (page.Results.Count == 0)
            {
                // One that was never acknowledged, so that nobody has waited for it.
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, giveUp)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private CrashReport Check(int kills)
    {
        var (calls, answers) = Journal.Read(JournalPath);
        History.Calls.AddRange(calls);
        History.Answers.AddRange(answers);
        History.Credentials.AddRange(
            Enumerable.Range(0, CrashPlan.Owners).Select(owner => $"Bearer {_plan.TokenOf(owner)}"));
        _violations.AddRange(Checker.Check(History));
        var unsafeTokens = History.Submissions.SelectMany(submission => submission.Plan.Requests)
            .Concat(History.KeyedCalls)
            .Where(request => request.MustNotRepeat)
            .Select(request => request.Token)
            .ToHashSet();
        return new CrashReport(
            _plan.Seed,
            kills,
            History.Submissions.Count(submission => submission.BatchId is not null),
            (int)History.Finals.Sum(final => final.Total),
            History.Replies.Where(reply => reply.IsComplete).Sum(reply => reply.Results.Count),
            calls.Count,
            calls.Count(call => unsafeTokens.Contains(call.Token)),
            calls.Count(call => call.IdempotencyKey is not null),
            History.Finals.Sum(final => final.Results.Count(result => result.Error == "INTERRUPTED")),
            History.Appended.Count,
            History.Told.Count,
            _violations);
    }

    private void OnUpstreamLine(string line) =>
        _stage.Count(line == UpstreamSignals.UnsafeCall ? KillMoment.UnsafeCall : KillMoment.SafeCall);

    private void InspectData()
    {
        if (Directory.Exists(DataPath))
        {
            _violations.AddRange(DataDirectory.Inspect(
                DataPath, Enumerable.Range(0, CrashPlan.Owners).Select(_plan.TokenOf)));
        }
    }

    // The lines of the console's log at which an error begins.
    private void AddErrors(ChildProcess process, bool wasPaused = false)
    {
        var lines = wasPaused ? [] : process.Lines.ToArray();
        for (var i = 0; i < lines.Length; i++)
        {
            if (lines[i].StartsWith("fail:", StringComparison.Ordinal)
                || lines[i].StartsWith("crit:", StringComparison.Ordinal)
                || lines[i].StartsWith("Unhandled exception", StringComparison.Ordinal))
            {
                History.Add(History.Surprises, $"the server has logged {string.Join(' ', lines.Skip(i).Take(3))}");
            }
        }
    }

    // Clients still read what the dead one has left in their sockets.
    private void Retire(Incarnation server)
    {
        _dead.Enqueue(server);
        while (_dead.Count > 3)
        {
            _dead.Dequeue().Dispose();
        }
    }
}
