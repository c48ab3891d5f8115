using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Batching.Benchmarks.Keyed;

/// <summary>
/// Keyed batches beside two batch endpoints from npm, batch-request (express) and bassmaster (hapi), in front of the
/// same nginx: 16 callers, 20 calls of 1 KiB a batch. The three take turns, so that what happens on the machine meanwhile
/// meets all of them.
/// </summary>
internal static class ComparisonFigure
{
    private const int Callers = 16;
    private const int CallsPerBatch = 20;

    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan Round = TimeSpan.FromSeconds(6);

    public static async Task RunAsync(int rounds)
    {
        Console.WriteLine(ProcessorTimes.DescribeMachine());
        await using var nginx = await Nginx.StartAsync();
        await using var gateway = await Contender.StartGatewayAsync(nginx.Port, CallsPerBatch);
        await using var express = await Contender.StartExpressAsync(nginx.Port, CallsPerBatch);
        await using var hapi = await Contender.StartHapiAsync(nginx.Port, CallsPerBatch);
        Contender[] contenders = [gateway, express, hapi];
        foreach (var contender in contenders)
        {
            await contender.CheckAsync(CallsPerBatch);
            await MeasureAsync(contender, nginx, WarmUp, isWarmUp: true);
        }

        for (var i = 0; i < rounds; i++)
        {
            foreach (var contender in contenders)
            {
                await MeasureAsync(contender, nginx, Round, isWarmUp: false);
            }
        }

        Console.WriteLine("| | batches/s | p99 ms | CPU ms a batch | nginx CPU ms a batch | other programs, cores |");
        Console.WriteLine("|---|---|---|---|---|---|");
        foreach (var contender in contenders)
        {
            Console.WriteLine(
                $"| {contender.Name} | {contender.Rate.ToText("0")} | {contender.P99.ToText("0.0")} | {contender.Cpu.ToText("0.00")} | {contender.UpstreamCpu.ToText("0.00")} | {contender.OtherCores.ToText("0.00")} |");
        }

        var factor = gateway.Rate.Median / Math.Max(express.Rate.Median, hapi.Rate.Median);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{factor:0.0} times the better one"));
    }

    private static async Task MeasureAsync(Contender contender, Nginx nginx, TimeSpan duration, bool isWarmUp)
    {
        using var self = Process.GetCurrentProcess();
        var latencies = Enumerable.Range(0, Callers).Select(_ => new List<double>()).ToArray();
        var machine = ProcessorTimes.OfMachine();
        var own = self.TotalProcessorTime;
        var upstream = nginx.ProcessorTime;
        var cpu = contender.ProcessorTime;
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(latencies.Select(list => Task.Run(() => CallAsync(contender, list, watch, duration))));
        var elapsed = watch.Elapsed;
        self.Refresh();
        cpu = contender.ProcessorTime - cpu;
        upstream = nginx.ProcessorTime - upstream;
        own = self.TotalProcessorTime - own;
        machine = ProcessorTimes.OfMachine() - machine;
        if (isWarmUp)
        {
            return;
        }

        var all = new Series();
        foreach (var latency in latencies.SelectMany(list => list))
        {
            all.Add(latency);
        }

        double count = latencies.Sum(list => list.Count);
        contender.Rate.Add(count / elapsed.TotalSeconds);
        contender.P99.Add(all.Percentile(99));
        contender.Cpu.Add(cpu.TotalMilliseconds / count);
        contender.UpstreamCpu.Add(upstream.TotalMilliseconds / count);
        contender.OtherCores.Add(Math.Max(0, (machine - cpu - upstream - own) / elapsed));
    }

    private static async Task CallAsync(Contender contender, List<double> latencies, Stopwatch watch, TimeSpan duration)
    {
        using var connection = new LoadConnection();
        await connection.ConnectAsync(contender.Port);
        while (watch.Elapsed < duration)
        {
            var started = Stopwatch.GetTimestamp();
            await connection.SendAsync(contender.Request);
            latencies.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }
    }
}
