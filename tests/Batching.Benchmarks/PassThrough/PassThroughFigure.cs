using System.Diagnostics;
using Batching.Benchmarks.Driver;

namespace Batching.Benchmarks.PassThrough;

/// <summary>
/// Calls through the gateway, submitted, stored and fetched, beside the same calls from a bare loop, against the same
/// nginx: how many a second, and what each costs in processor time.
/// </summary>
internal static class PassThroughFigure
{
    private const int Calls = 200_000;
    private const int CallsPerBatch = 1_000;
    private const int Batches = 16;

    // It takes some 100,000 calls until everything that is called often is compiled for the last time.
    private const int WarmUps = 2;

    // What the gateway allows itself for one upstream by default.
    private const int Concurrency = 64;

    public static async Task RunAsync(int pairs, bool isRest)
    {
        Console.WriteLine(ProcessorTimes.DescribeMachine());
        await using var nginx = await Nginx.StartAsync();
        await using var gateway = await GatewayProcess.StartAsync(nginx.Port);
        await using var bare = await BareLoop.StartAsync(nginx.Port);
        var submission = Submission.OfGets(CallsPerBatch);
        BatchCaller[] callers = [.. Enumerable.Range(0, Batches).Select(_ => BatchCaller.Create(isRest, gateway.Port, Nginx.Body))];
        var ours = new Side("gateway", () => gateway.ProcessorTime, () => BatchCaller.RunAsync(callers, submission, Calls / CallsPerBatch));
        var theirs = new Side("bare loop", () => bare.ProcessorTime, () => bare.RunAsync(Calls, Concurrency, Nginx.Body.Length));
        var rateRatio = new Series();
        var cpuRatio = new Series();
        for (var i = -WarmUps; i < pairs; i++)
        {
            // Who comes first changes.
            foreach (var side in i % 2 == 0 ? (Side[])[ours, theirs] : [theirs, ours])
            {
                await side.MeasureAsync(nginx, isWarmUp: i < 0);
            }

            if (i >= 0)
            {
                rateRatio.Add(ours.Last.Rate / theirs.Last.Rate);
                cpuRatio.Add(ours.Last.Cpu / theirs.Last.Cpu);
            }
        }

        foreach (var caller in callers)
        {
            caller.Dispose();
        }

        Console.WriteLine();
        Console.WriteLine("| | calls/s | CPU µs a call | nginx CPU µs a call | driver CPU µs a call | other programs, cores |");
        Console.WriteLine("|---|---|---|---|---|---|");
        Console.WriteLine(ours);
        Console.WriteLine(theirs);
        Console.WriteLine(
            $"| ratio | {rateRatio.ToText("0.00")}, goal {(isRest ? "0.55" : "0.70")} | {cpuRatio.ToText("0.00")}{(isRest ? "" : ", goal 1.6")} | | | |");
    }

    /// <summary>One of the two, and what was seen of it.</summary>
    private sealed class Side(string name, Func<TimeSpan> processorTime, Func<Task> run)
    {
        private readonly Series _rate = new();
        private readonly Series _cpu = new();
        private readonly Series _upstream = new();
        private readonly Series _driver = new();
        private readonly Series _others = new();

        public (double Rate, double Cpu) Last { get; private set; }

        public async Task MeasureAsync(Nginx nginx, bool isWarmUp)
        {
            var machine = ProcessorTimes.OfMachine();
            var driver = Environment.CpuUsage.TotalTime;
            var upstream = nginx.ProcessorTime;
            var cpu = processorTime();
            var watch = Stopwatch.StartNew();
            await run();
            var elapsed = watch.Elapsed;
            cpu = processorTime() - cpu;
            upstream = nginx.ProcessorTime - upstream;
            driver = Environment.CpuUsage.TotalTime - driver;
            machine = ProcessorTimes.OfMachine() - machine;
            Last = (Calls / elapsed.TotalSeconds, cpu.TotalMicroseconds / Calls);
            if (!isWarmUp)
            {
                _rate.Add(Last.Rate);
                _cpu.Add(Last.Cpu);
                _upstream.Add(upstream.TotalMicroseconds / Calls);
                _driver.Add(driver.TotalMicroseconds / Calls);
                _others.Add(Math.Max(0, (machine - cpu - upstream - driver) / elapsed));
            }
        }

        public override string ToString() =>
            $"| {name} | {_rate.ToText("0")} | {_cpu.ToText("0.0")} | {_upstream.ToText("0.0")} | {_driver.ToText("0.0")} | {_others.ToText("0.00")} |";
    }
}
