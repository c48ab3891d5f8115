using System.Diagnostics;
using System.Globalization;
using Batching.Benchmarks.Keyed;

namespace Batching.Benchmarks.Graph;

/// <summary>
/// <c>$batch</c> of the gateway beside that of <c>Microsoft.AspNetCore.OData</c>: 20 calls a batch, each of which takes 5 ms in
/// the same service. The gateway stands before that service, once as it is by default and once with a place for each of the calls; the
/// library's own handler makes the calls in the service. They take turns, at first with one caller, then with eight.
/// </summary>
internal static class GraphFigure
{
    private const int CallsPerBatch = 20;

    private static readonly int[] Callers = [1, 8];

    public static async Task RunAsync(int rounds, TimeSpan duration)
    {
        Console.WriteLine(ProcessorTimes.DescribeMachine());
        await using var odata = await Contender.StartODataAsync(CallsPerBatch);
        await using var gateway = await Contender.StartGraphAsync(odata.Port, CallsPerBatch);
        await using var roomy = await Contender.StartGraphAsync(odata.Port, CallsPerBatch, Callers[^1] * CallsPerBatch);
        Contender[] contenders = [gateway, roomy, odata];
        foreach (var contender in contenders)
        {
            await contender.CheckAsync(CallsPerBatch);
        }

        Console.WriteLine("| callers | | batches/s | p99 ms | CPU ms a batch, itself | CPU ms a batch, with the service | times the library |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        foreach (var callers in Callers)
        {
            var sides = contenders.Select(_ => new Side()).ToArray();
            foreach (var contender in contenders)
            {
                await MeasureAsync(contender, odata, callers, duration);
            }

            for (var i = 0; i < rounds; i++)
            {
                foreach (var (contender, side) in contenders.Zip(sides))
                {
                    side.Add(await MeasureAsync(contender, odata, callers, duration));
                }
            }

            foreach (var (contender, side) in contenders.Zip(sides))
            {
                side.Write(callers, contender.Name, sides[^1]);
            }
        }
    }

    private static async Task<Round> MeasureAsync(Contender contender, Contender service, int callers, TimeSpan duration)
    {
        var own = contender.ProcessorTime;
        var behind = service.ProcessorTime;
        var watch = Stopwatch.StartNew();
        var latencies = await Task.WhenAll(Enumerable.Range(0, callers).Select(
            _ => Task.Run(() => CallAsync(contender, watch, duration))));
        var elapsed = watch.Elapsed;
        own = contender.ProcessorTime - own;
        behind = service.ProcessorTime - behind;
        var all = new Series();
        foreach (var latency in latencies.SelectMany(list => list))
        {
            all.Add(latency);
        }

        return new Round(
            all.Count / elapsed.TotalSeconds,
            all.Percentile(99),
            own.TotalMilliseconds / all.Count,
            (contender == service ? own : own + behind).TotalMilliseconds / all.Count);
    }

    private static async Task<List<double>> CallAsync(Contender contender, Stopwatch watch, TimeSpan duration)
    {
        var latencies = new List<double>();
        using var connection = new LoadConnection();
        await connection.ConnectAsync(contender.Port);
        while (watch.Elapsed < duration)
        {
            var started = Stopwatch.GetTimestamp();
            await connection.SendAsync(contender.Request);
            latencies.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }

        return latencies;
    }

    private sealed record Round(double Rate, double P99, double Cpu, double AllCpu);

    private sealed class Side
    {
        private Series Rate { get; } = new();

        private readonly Series _p99 = new();
        private readonly Series _cpu = new();
        private readonly Series _allCpu = new();

        public void Add(Round round)
        {
            Rate.Add(round.Rate);
            _p99.Add(round.P99);
            _cpu.Add(round.Cpu);
            _allCpu.Add(round.AllCpu);
        }

        public void Write(int callers, string name, Side library) => Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {callers} | {name} | {Rate.ToText("0")} | {_p99.ToText("0.0")} | {_cpu.ToText("0.00")} | {_allCpu.ToText("0.00")} | {Rate.Median / library.Rate.Median:0.0} |"));
    }
}
