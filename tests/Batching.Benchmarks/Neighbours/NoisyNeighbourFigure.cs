using System.Diagnostics;
using System.Globalization;
using Batching.Benchmarks.Neighbours.Behaviours;
using Batching.Benchmarks.Robustness;

namespace Batching.Benchmarks.Neighbours;

/// <summary>
/// What an owner of small batches notices of another one who misbehaves in one of twelve ways, each beside a gateway of its
/// own with the default settings.
/// </summary>
internal static class NoisyNeighbourFigure
{
    private const int WarmUp = 100;
    private const int IdleBatches = 300;
    private const int CheckBatches = 100;
    private const double MaxRatio = 3;

    // Connections to the API that are kept for the next call.
    private const int MoreDescriptors = 64;

    // The budgets of docs/configuration.md that these behaviours can fill: all but those of keyed batches.
    private const double BudgetMegabytes = 256 + 64 + 64 + 32 + 32;

    private static readonly TimeSpan SampleInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Recovery = TimeSpan.FromSeconds(30);

    private static readonly Behaviour[] All =
    [
        new SlowDripIn(), new SlowDripOut(), new TinyPages(), new ManySmallBatches(), new HugeHeaders(), new HangingCalls(),
        new RefusedCalls(), new UnreadStreams(), new HalfUploads(), new SpawnerFanOut(), new DeepJson(), new GzipBodies(),
    ];

    /// <param name="seconds">How long each behaviour lasts.</param>
    /// <param name="names">The behaviours, or none for all.</param>
    /// <returns>The exit code: 0 if all goals are met.</returns>
    public static async Task<int> RunAsync(int seconds, string[] names)
    {
        var behaviours = names.Length == 0
            ? All
            : [.. names.Select(Find)];
        Console.WriteLine(ProcessorTimes.DescribeMachine());
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Goals: p99 at most {MaxRatio} times that alone, no failed batch, less than {BudgetMegabytes} MiB more than alone, and after {Recovery.TotalSeconds} s at most as before again. Each for {seconds} s."));
        Console.WriteLine();
        Console.WriteLine("| behaviour | alone: p50, ms | p99 | beside: p50 | p99 | p99 ratio | failed | MiB alone | most | later | normal after, s | its calls |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|---|---|---|");
        var misses = new List<string>();
        foreach (var behaviour in behaviours)
        {
            misses.AddRange(await RunAsync(behaviour, TimeSpan.FromSeconds(seconds)));
        }

        Console.WriteLine();
        misses.ForEach(Console.WriteLine);
        Console.WriteLine(misses.Count == 0 ? "All goals are met." : $"{misses.Count} goals are missed.");
        return misses.Count == 0 ? 0 : 1;
    }

    /// <summary>The behaviour of a name.</summary>
    public static Behaviour Find(string name) => All.Single(behaviour => behaviour.GetType().Name == name);

    private static async Task<List<string>> RunAsync(Behaviour behaviour, TimeSpan duration)
    {
        var folder = Directory.CreateTempSubdirectory("batch-benchmark-neighbour-");
        try
        {
            var port = ChildProcess.FreePort();
            await using var upstream = await ChildProcess.StartAsync(
                port,
                Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
                new Dictionary<string, string>(),
                typeof(NoisyNeighbourFigure).Assembly.Location,
                "soak-upstream",
                $"{port}");
            var (gateway, _) = await GatewayServer.StartAsync(
                $"http://127.0.0.1:{port}",
                folder.FullName,
                new Dictionary<string, string> { ["Logging__LogLevel__Default"] = "Warning" });
            await using (gateway)
            {
                return await MeasureAsync(behaviour, gateway, duration);
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<List<string>> MeasureAsync(Behaviour behaviour, GatewayServer gateway, TimeSpan duration)
    {
        using var quiet = new QuietOwner(gateway.Address);
        await using var hostile = await HostileProcess.StartAsync(behaviour, gateway.Address);
        await quiet.MeasureAsync(count => count < WarmUp);
        var alone = await quiet.MeasureAsync(count => count < IdleBatches);
        var before = gateway.Sample();

        using var samplingEnd = new CancellationTokenSource();
        var most = SampleAsync(gateway, samplingEnd.Token);
        var started = Stopwatch.StartNew();
        await hostile.BeginAsync();
        var beside = await quiet.MeasureAsync(_ => started.Elapsed < duration);
        var outcomes = await hostile.EndAsync();

        var ended = Stopwatch.StartNew();
        var (recovered, after) = await RecoverAsync(quiet, gateway, alone, before);
        if (duration >= Recovery && ended.Elapsed < Recovery)
        {
            // A short look does without.
            await Task.Delay(Recovery - ended.Elapsed, TimeProvider.System);
        }

        await samplingEnd.CancelAsync();
        var peak = await most;
        var later = gateway.HasExited ? 0 : gateway.Sample().ResidentMegabytes;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {behaviour.Name} | {alone.Median:0.0} | {alone.P99:0.0} | {beside.Median:0.0} | {beside.P99:0.0} | {beside.P99 / alone.P99:0.0} | {beside.Failed} of {beside.Count} | {before.ResidentMegabytes:0} | {peak:0} | {later:0} | {recovered?.TotalSeconds.ToString("0", CultureInfo.InvariantCulture) ?? "never"} | {outcomes} |"));

        var misses = new List<string>();
        Expect(beside.P99 <= MaxRatio * alone.P99, $"p99 {beside.P99 / alone.P99:0.0} times that alone");
        Expect(beside.Failed == 0, $"{beside.Failed} failed batches, the last one with: {beside.LastFailure}");
        Expect(peak - before.ResidentMegabytes < BudgetMegabytes, $"{peak - before.ResidentMegabytes:0} MiB more than alone");
        Expect(recovered is not null, $"not back to normal after {Recovery.TotalSeconds:0} s: {after}");
        Expect(!gateway.HasExited, $"the gateway has ended: {string.Join(" / ", gateway.Output.TakeLast(3))}");
        return misses;

        void Expect(bool isMet, FormattableString miss)
        {
            if (!isMet)
            {
                misses.Add($"{behaviour.Name}: {miss.ToString(CultureInfo.InvariantCulture)}");
            }
        }
    }

    // Until the quiet owner is as fast as the goal wants it, and the hostile one's connections are gone.
    private static async Task<(TimeSpan? After, string State)> RecoverAsync(
        QuietOwner quiet, GatewayServer gateway, QuietFigure alone, ProcessSample before)
    {
        var since = Stopwatch.StartNew();
        while (true)
        {
            var figure = await quiet.MeasureAsync(count => count < CheckBatches);
            var descriptors = gateway.HasExited ? 0 : gateway.Sample().Descriptors;
            var state = string.Create(
                CultureInfo.InvariantCulture,
                $"p99 {figure.P99:0.0} ms, {figure.Failed} failed, {descriptors} descriptors instead of {before.Descriptors}");
            if (figure.Failed == 0 && figure.P99 <= MaxRatio * alone.P99 && descriptors <= before.Descriptors + MoreDescriptors)
            {
                return (since.Elapsed, state);
            }

            if (since.Elapsed > Recovery || gateway.HasExited)
            {
                return (null, state);
            }
        }
    }

    // The most resident memory, in MiB.
    private static async Task<double> SampleAsync(GatewayServer gateway, CancellationToken end)
    {
        var most = 0.0;
        using var timer = new PeriodicTimer(SampleInterval);
        while (!end.IsCancellationRequested && !gateway.HasExited)
        {
            most = Math.Max(most, gateway.Sample().ResidentMegabytes);
            await timer.WaitForNextTickAsync(CancellationToken.None);
        }

        return most;
    }
}
