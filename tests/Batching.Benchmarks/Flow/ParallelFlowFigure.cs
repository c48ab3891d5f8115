using System.Diagnostics;
using System.Globalization;
using Batching.Benchmarks.Driver;
using Batching.Benchmarks.Large;

namespace Batching.Benchmarks.Flow;

/// <summary>
/// Results read while the batch runs beside results read when it is done, where the API takes S seconds for all calls and
/// the reader D seconds for all results.
/// </summary>
internal static class ParallelFlowFigure
{
    private const int Calls = 4_000;

    private static readonly TimeSpan TimerSlack = TimeSpan.FromMilliseconds(20);

    private static readonly (int Serving, int Downloading)[] Pairs = [(4, 2), (4, 4), (2, 4)];

    public static async Task RunAsync(int rounds)
    {
        Console.WriteLine(ProcessorTimes.DescribeMachine());
        var port = ChildProcess.FreePort();
        await using var api = new PacedApi(port, Nginx.Body);
        await api.StartAsync();
        await using var gateway = await GatewayServer.StartAsync(port);
        using var caller = new GrpcBatchCaller(gateway.Port, Nginx.Body);
        var submission = Submission.OfGets(Calls);

        // Warms up, and tells how long a stream is.
        var bytes = 0;
        for (var i = 0; i < 5; i++)
        {
            bytes = 0;
            await caller.FetchAllAsync(await caller.SubmitAsync(submission), Calls, read =>
            {
                bytes += read;
                return ValueTask.CompletedTask;
            });
        }

        Console.WriteLine();
        Console.WriteLine("| S, s | D, s | basic flow, s | to S + D | parallel flow, s | to the greater |");
        Console.WriteLine("|---|---|---|---|---|---|");
        foreach (var (serving, downloading) in Pairs)
        {
            api.SetPace(TimeSpan.FromSeconds(serving) / Calls);
            var (basic, parallel) = (new Series(), new Series());
            for (var i = 0; i < rounds; i++)
            {
                basic.Add(await MeasureAsync(waits: true));
                parallel.Add(await MeasureAsync(waits: false));
            }

            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {serving} | {downloading} | {basic.ToText("0.00")} | {basic.Median / (serving + downloading):0.00} | {parallel.ToText("0.00")} | {parallel.Median / Math.Max(serving, downloading):0.00}, goal 1.05 |"));

            async Task<double> MeasureAsync(bool waits)
            {
                var started = Stopwatch.GetTimestamp();
                var id = await caller.SubmitAsync(submission);
                if (waits)
                {
                    await gateway.UntilDoneAsync(id);
                }

                await caller.FetchAllAsync(id, Calls, SlowReader(TimeSpan.FromSeconds(downloading) / bytes));
                return Stopwatch.GetElapsedTime(started).TotalSeconds;
            }
        }
    }

    // Time in which there was nothing to read is lost to it, but for what a timer may be late.
    private static Func<int, ValueTask> SlowReader(TimeSpan byteTime)
    {
        var next = TimeSpan.Zero;
        return async read =>
        {
            var now = Stopwatch.GetElapsedTime(0);
            next = (next > now - TimerSlack ? next : now - TimerSlack) + (byteTime * read);
            if (next > now)
            {
                await Task.Delay(next - now, TimeProvider.System);
            }
        };
    }
}
