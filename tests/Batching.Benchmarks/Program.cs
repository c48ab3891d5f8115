using System.Globalization;
using Batching.Benchmarks.Driver;
using Batching.Benchmarks.Flow;
using Batching.Benchmarks.Gateways;
using Batching.Benchmarks.Graph;
using Batching.Benchmarks.Keyed;
using Batching.Benchmarks.Large;
using Batching.Benchmarks.Models;
using Batching.Benchmarks.Neighbours;
using Batching.Benchmarks.Overload;
using Batching.Benchmarks.Pages;
using Batching.Benchmarks.PassThrough;
using Batching.Benchmarks.Peers;
using Batching.Benchmarks.Robustness;
using Batching.Benchmarks.Security;
using Batching.Benchmarks.Small;
using Batching.Benchmarks.Startup;

switch (args)
{
    case ["pass-through", "--telemetry", "--rest", .. var rest]:
        await PassThroughFigure.RunWithTelemetryAsync(Rounds(rest, 5), isRest: true);
        return 0;
    case ["pass-through", "--telemetry", .. var rest]:
        await PassThroughFigure.RunWithTelemetryAsync(Rounds(rest, 5), isRest: false);
        return 0;
    case ["pass-through", "--rest", .. var rest]:
        await PassThroughFigure.RunAsync(Rounds(rest[..Math.Min(1, rest.Length)], 5), isRest: true, rest[Math.Min(1, rest.Length)..]);
        return 0;
    case ["pass-through", .. var rest]:
        await PassThroughFigure.RunAsync(Rounds(rest[..Math.Min(1, rest.Length)], 5), isRest: false, rest[Math.Min(1, rest.Length)..]);
        return 0;
    case ["small-batches", "--one-call", .. var rest]:
        await SmallBatchesFigure.RunAsync(
            Rounds(rest[..Math.Min(1, rest.Length)], 5), isRest: false, withOneCall: true, rest[Math.Min(1, rest.Length)..]);
        return 0;
    case ["small-batches", "--rest", .. var rest]:
        await SmallBatchesFigure.RunAsync(
            Rounds(rest[..Math.Min(1, rest.Length)], 5), isRest: true, withOneCall: false, rest[Math.Min(1, rest.Length)..]);
        return 0;
    case ["small-batches", .. var rest]:
        await SmallBatchesFigure.RunAsync(
            Rounds(rest[..Math.Min(1, rest.Length)], 5), isRest: false, withOneCall: false, rest[Math.Min(1, rest.Length)..]);
        return 0;
    case ["pages", .. var rest]:
        await PagesFigure.RunAsync(Rounds(rest[..Math.Min(1, rest.Length)], 5), rest[Math.Min(1, rest.Length)..]);
        return 0;
    case ["peers", .. var rest]:
        await PeersFigure.RunAsync(Rounds(rest, 5));
        return 0;
    case ["gateways", var connection, .. var rest]:
        await GatewaysFigure.RunAsync(
            connection, Rounds(rest[..Math.Min(1, rest.Length)], 5), rest.Length > 1 ? Number(rest[1]) : 1);
        return 0;
    case ["parallel-flow", .. var rest]:
        await ParallelFlowFigure.RunAsync(Rounds(rest, 3));
        return 0;
    case ["dependencies", .. var rest]:
        await DependencyFigure.RunAsync(
            Rounds(rest[..Math.Min(1, rest.Length)], 3), rest.Length > 1 ? Number(rest[1]) : 100_000);
        return 0;
    case ["startup", .. { Length: > 0 } folders]:
        await StartupFigure.RunAsync(folders, rounds: 10);
        return 0;
    case ["cli-start", var folder, .. var rest]:
        await CliStartFigure.RunAsync(folder, Rounds(rest, 12));
        return 0;
    case ["bare-loop", var port, var upstream]:
        await BareLoop.ServeAsync(
            int.Parse(port, CultureInfo.InvariantCulture), int.Parse(upstream, CultureInfo.InvariantCulture));
        return 0;
    case ["keyed-comparison", .. var rest]:
        await ComparisonFigure.RunAsync(Rounds(rest, 5));
        return 0;
    case ["graph-comparison", .. var rest]:
        await GraphFigure.RunAsync(
            Rounds(rest[..Math.Min(1, rest.Length)], 5), TimeSpan.FromSeconds(rest.Length > 1 ? Number(rest[1]) : 6));
        return 0;
    case ["openai", .. var rest]:
        await OpenAiFigure.RunAsync(
            Rounds(rest[..Math.Min(1, rest.Length)], 5), rest.Length > 1 ? Number(rest[1]) : 50_000);
        return 0;
    case ["odata-service", var port]:
        await ODataService.ServeAsync(Number(port));
        return 0;
    case ["keyed-latency"]:
        await LatencyFigure.RunAsync();
        return 0;
    case ["adaptive", .. var rest]:
        await AdaptiveFigure.RunAsync(Rounds(rest, 3));
        return 0;
    case ["owner-isolation", .. var rest]:
        await OwnerIsolationFigure.RunAsync(Rounds(rest, 3));
        return 0;
    case ["fairness", .. var rest]:
        await FairnessFigure.RunAsync(Rounds(rest, 500_000));
        return 0;
    case ["slow-readers", .. var rest]:
        await SlowReadersFigure.RunAsync(Rounds(rest, 10 * 1024), TimeSpan.FromSeconds(60));
        return 0;
    case ["big-batch", .. var rest]:
        await BigBatchFigure.RunAsync(Rounds(rest, 1_000_000));
        return 0;
    case ["owner-timing"]:
        await OwnerTimingFigure.RunAsync();
        return 0;
    case ["startup-recovery", .. var rest]:
        await RecoveryFigure.RunAsync(
            rest is [var count, ..] ? Number(count) : 3, [.. rest.Skip(1).Select(Number)]);
        return 0;
    case ["soak", .. var rest]:
        return await SoakFigure.RunAsync(rest is ["--minutes", var minutes] ? Number(minutes) : 20);
    case ["noisy-neighbour", .. var rest]:
        return await NoisyNeighbourFigure.RunAsync(rest is [var seconds, ..] ? Number(seconds) : 60, [.. rest.Skip(1)]);
    case ["hostile-owner", var name, var gateway]:
        await HostileProcess.ServeAsync(NoisyNeighbourFigure.Find(name), gateway);
        return 0;
    case ["soak-upstream", var port]:
        await SoakUpstream.RunAsync(Number(port));
        return 0;
    default:
        Console.Error.WriteLine(
            """
            Which figure?
              pass-through [--rest] [rounds [folder of a build …]], pass-through --telemetry [--rest] [rounds], startup <published folder> …
              cli-start <published folder> [rounds]
              small-batches [--rest | --one-call] [rounds [folder of a build …]], parallel-flow [rounds], peers [rounds]
              pages [rounds [folder of a build …]], dependencies [rounds [requests]]
              gateways <connection string of an empty PostgreSQL database> [rounds [batches]]
              keyed-comparison [rounds], keyed-latency, owner-timing
              graph-comparison [rounds [seconds]], openai [rounds [lines]]
              adaptive [rounds], owner-isolation [rounds], fairness [requests of the large batch]
              big-batch [requests], slow-readers [bytes of a result]
              startup-recovery [rounds [shape …]], soak [--minutes N]
              noisy-neighbour [seconds [behaviour …]]
            """);
        return 2;
}

static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

static int Rounds(string[] rest, int otherwise) =>
    rest is [var rounds] ? int.Parse(rounds, CultureInfo.InvariantCulture) : otherwise;
