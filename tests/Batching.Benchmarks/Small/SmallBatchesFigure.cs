using System.Diagnostics;
using Batching.Benchmarks.Driver;

namespace Batching.Benchmarks.Small;

/// <summary>
/// Many callers at once, each of which submits ten requests, fetches their results, and begins anew: what a batch costs
/// where it is small.
/// </summary>
internal static class SmallBatchesFigure
{
    private const int Callers = 64;
    private const int CallsPerBatch = 10;

    private static readonly TimeSpan Round = TimeSpan.FromSeconds(6);

    public static async Task RunAsync(int rounds, bool isRest)
    {
        Console.WriteLine(ProcessorTimes.DescribeMachine());
        await using var nginx = await Nginx.StartAsync();
        await using var gateway = await GatewayProcess.StartAsync(nginx.Port);
        var submission = Submission.OfGets(CallsPerBatch);
        BatchCaller[] callers = [.. Enumerable.Range(0, Callers).Select(_ => BatchCaller.Create(isRest, gateway.Port, Nginx.Body))];
        var rate = new Series();
        var cpu = new Series();
        var (acknowledged50, acknowledged99, completed50, completed99) = (new Series(), new Series(), new Series(), new Series());
        for (var i = -1; i < rounds; i++)
        {
            var before = gateway.ProcessorTime;
            var watch = Stopwatch.StartNew();
            var all = await Task.WhenAll(callers.Select(caller => Task.Run(() => CallAsync(caller, submission, watch))));
            var elapsed = watch.Elapsed;
            if (i < 0)
            {
                continue;
            }

            var acknowledged = new Series();
            var completed = new Series();
            foreach (var (submit, whole) in all.SelectMany(times => times))
            {
                acknowledged.Add(submit.TotalMilliseconds);
                completed.Add(whole.TotalMilliseconds);
            }

            var batches = all.Sum(times => times.Count);
            rate.Add(batches / elapsed.TotalSeconds);
            cpu.Add((gateway.ProcessorTime - before).TotalMicroseconds / batches);
            acknowledged50.Add(acknowledged.Median);
            acknowledged99.Add(acknowledged.Percentile(99));
            completed50.Add(completed.Median);
            completed99.Add(completed.Percentile(99));
        }

        foreach (var caller in callers)
        {
            caller.Dispose();
        }

        Console.WriteLine();
        Console.WriteLine("| | batches/s | acknowledged, ms: p50 | p99 | all fetched, ms: p50 | p99 | CPU µs a batch |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        Console.WriteLine(
            $"| {(isRest ? "REST" : "gRPC")} | {rate.ToText("0")} | {acknowledged50.ToText("0.0")} | {acknowledged99.ToText("0.0")} | {completed50.ToText("0.0")} | {completed99.ToText("0.0")} | {cpu.ToText("0")} |");
    }

    private static async Task<List<(TimeSpan Acknowledged, TimeSpan Completed)>> CallAsync(
        BatchCaller caller, Submission submission, Stopwatch watch)
    {
        var times = new List<(TimeSpan, TimeSpan)>();
        while (watch.Elapsed < Round)
        {
            var started = Stopwatch.GetTimestamp();
            var id = await caller.SubmitAsync(submission);
            var acknowledged = Stopwatch.GetElapsedTime(started);
            await caller.FetchAllAsync(id, submission.Count);
            times.Add((acknowledged, Stopwatch.GetElapsedTime(started)));
        }

        return times;
    }
}
