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
    private const int WarmUps = 6;

    // What the gateway allows itself for one upstream by default.
    private const int Concurrency = 64;

    /// <summary>Measures one build of the gateway, or several by turns.</summary>
    /// <param name="rounds">How often.</param>
    /// <param name="isRest">JSON over HTTP/1.1 instead of gRPC.</param>
    /// <param name="folders">Where the builds are; none for the one beside this program.</param>
    public static Task RunAsync(int rounds, bool isRest, IReadOnlyList<string> folders) => RunAsync(
        rounds, isRest, folders.Count == 0 ? [GatewayVariant.Default] : [.. folders.Select(GatewayVariant.OfBuild)]);

    /// <summary>Measures the build beside this program by turns without telemetry, with metrics, and with traces.</summary>
    /// <param name="rounds">How often.</param>
    /// <param name="isRest">JSON over HTTP/1.1 instead of gRPC.</param>
    public static async Task RunWithTelemetryAsync(int rounds, bool isRest)
    {
        await using var sink = await TraceSink.StartAsync();
        await RunAsync(rounds, isRest, GatewayVariant.OfTelemetry(sink.Address));
    }

    private static async Task RunAsync(int rounds, bool isRest, IReadOnlyList<GatewayVariant> variants)
    {
        Console.WriteLine(ProcessorTimes.DescribeMachine());
        await using var nginx = await Nginx.StartAsync();
        await using var bare = await BareLoop.StartAsync(nginx.Port);
        var theirs = new Side("bare loop", () => bare.ProcessorTime, () => bare.RunAsync(Calls, Concurrency, Nginx.Body.Length));
        var submission = Submission.OfGets(CallsPerBatch);
        var gateways = new List<GatewayProcess>();
        var callers = new List<BatchCaller>();
        var sides = new List<Side> { theirs };
        foreach (var variant in variants)
        {
            var gateway = await GatewayProcess.StartAsync(nginx.Port, variant.Settings, variant.Folder);
            gateways.Add(gateway);
            BatchCaller[] own = [.. Enumerable.Range(0, Batches).Select(_ => BatchCaller.Create(isRest, gateway.Port, Nginx.Body))];
            callers.AddRange(own);
            sides.Add(new Side(
                variant.Name, () => gateway.ProcessorTime, () => BatchCaller.RunAsync(own, submission, Calls / CallsPerBatch)));
        }

        for (var i = -WarmUps; i < rounds; i++)
        {
            // Who comes first changes.
            foreach (var side in i % 2 == 0 ? sides : Enumerable.Reverse(sides))
            {
                await side.MeasureAsync(nginx, isWarmUp: i < 0);
            }

            foreach (var side in i >= 0 ? sides : [])
            {
                side.Compare(theirs);
            }
        }

        foreach (var caller in callers)
        {
            caller.Dispose();
        }

        foreach (var gateway in gateways)
        {
            await gateway.DisposeAsync();
        }

        Console.WriteLine();
        Console.WriteLine($"Goals: {(isRest ? "0.55" : "0.70")} of the bare loop's calls, 1.6 times its CPU.");
        Console.WriteLine();
        Console.WriteLine("| | calls/s | ratio | CPU µs a call | ratio | nginx CPU µs a call | driver CPU µs a call | other programs, cores |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|");
        foreach (var side in sides)
        {
            Console.WriteLine(side);
        }
    }

    /// <summary>One of those that take turns, and what was seen of it.</summary>
    private sealed class Side(string name, Func<TimeSpan> processorTime, Func<Task> run)
    {
        private readonly Series _rate = new();
        private readonly Series _cpu = new();
        private readonly Series _rateRatio = new();
        private readonly Series _cpuRatio = new();
        private readonly Series _upstream = new();
        private readonly Series _driver = new();
        private readonly Series _others = new();

        private (double Rate, double Cpu) _last;

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
            _last = (Calls / elapsed.TotalSeconds, cpu.TotalMicroseconds / Calls);
            if (!isWarmUp)
            {
                _rate.Add(_last.Rate);
                _cpu.Add(_last.Cpu);
                _upstream.Add(upstream.TotalMicroseconds / Calls);
                _driver.Add(driver.TotalMicroseconds / Calls);
                _others.Add(Math.Max(0, (machine - cpu - upstream - driver) / elapsed));
            }
        }

        /// <summary>Sets the last round beside the same of another.</summary>
        public void Compare(Side other)
        {
            _rateRatio.Add(_last.Rate / other._last.Rate);
            _cpuRatio.Add(_last.Cpu / other._last.Cpu);
        }

        public override string ToString() =>
            $"| {name} | {_rate.ToText("0")} | {_rateRatio.ToText("0.00")} | {_cpu.ToText("0.0")} | {_cpuRatio.ToText("0.00")} | {_upstream.ToText("0.0")} | {_driver.ToText("0.0")} | {_others.ToText("0.00")} |";
    }
}
