using System.Globalization;
using Batching.Benchmarks.Driver;
using Batching.Benchmarks.Grpc;
using Batching.Benchmarks.Keyed;
using Batching.Benchmarks.Large;
using Batching.Benchmarks.Overload;
using Batching.Benchmarks.PassThrough;
using Batching.Benchmarks.Security;
using Batching.Benchmarks.Startup;

switch (args)
{
    case ["pass-through", "--rest", .. var rest]:
        await PassThroughFigure.RunAsync(Rounds(rest, 5), isRest: true);
        return 0;
    case ["pass-through", .. var rest]:
        await PassThroughFigure.RunAsync(Rounds(rest, 5), isRest: false);
        return 0;
    case ["startup", .. { Length: > 0 } folders]:
        await StartupFigure.RunAsync(folders, rounds: 10);
        return 0;
    case ["bare-loop", var port, var upstream]:
        await BareLoop.ServeAsync(
            int.Parse(port, CultureInfo.InvariantCulture), int.Parse(upstream, CultureInfo.InvariantCulture));
        return 0;
    case ["keyed-comparison", .. var rest]:
        await ComparisonFigure.RunAsync(Rounds(rest, 5));
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
    case ["big-batch", .. var rest]:
        await BigBatchFigure.RunAsync(Rounds(rest, 1_000_000));
        return 0;
    case ["owner-timing"]:
        await OwnerTimingFigure.RunAsync();
        return 0;
    case ["grpc-unary", .. var rest]:
        await RuntimeFigures.RunUnaryAsync(Rounds(rest, 7));
        return 0;
    case ["grpc-stream", .. var rest]:
        await RuntimeFigures.RunStreamAsync(Rounds(rest, 7));
        return 0;
    case ["transcoded-unary", .. var rest]:
        await RuntimeFigures.RunTranscodedUnaryAsync(Rounds(rest, 7));
        return 0;
    case ["transcoded-stream", .. var rest]:
        await RuntimeFigures.RunTranscodedStreamAsync(Rounds(rest, 7));
        return 0;
    case ["grpc-server", var name, var http1, var http2]:
        await ServerProcess.RunAsync(
            name, int.Parse(http1, CultureInfo.InvariantCulture), int.Parse(http2, CultureInfo.InvariantCulture));
        return 0;
    default:
        Console.Error.WriteLine(
            """
            Which figure?
              pass-through [--rest] [pairs], startup <published folder> …
              keyed-comparison [rounds], keyed-latency, owner-timing
              adaptive [rounds], owner-isolation [rounds]
              big-batch [requests]
              grpc-unary [rounds], grpc-stream [rounds], transcoded-unary [rounds], transcoded-stream [rounds]
            """);
        return 2;
}

static int Rounds(string[] rest, int otherwise) =>
    rest is [var rounds] ? int.Parse(rounds, CultureInfo.InvariantCulture) : otherwise;
