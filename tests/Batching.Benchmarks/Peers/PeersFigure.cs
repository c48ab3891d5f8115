using System.Diagnostics;
using System.Globalization;
using Batching.Benchmarks.Driver;

namespace Batching.Benchmarks.Peers;

/// <summary>
/// Calls through the gateway, submitted, stored and fetched, beside as many jobs of BullMQ that each make the same call
/// and keep its body, against the same nginx. They take turns.
/// </summary>
internal static class PeersFigure
{
    private const int Calls = 20_000;
    private const int CallsPerBatch = 1_000;
    private const int Batches = 16;
    private const int Concurrency = 64;
    private const int WarmUps = 2;

    public static async Task RunAsync(int rounds)
    {
        Console.WriteLine(ProcessorTimes.DescribeMachine());
        await using var nginx = await Nginx.StartAsync();
        await using var gateway = await GatewayProcess.StartAsync(nginx.Port);
        await using var everySecond = await BullMq.StartAsync(nginx.Port, "everysec");
        await using var always = await BullMq.StartAsync(nginx.Port, "always");
        var submission = Submission.OfGets(CallsPerBatch);
        BatchCaller[] callers = [.. Enumerable.Range(0, Batches).Select(_ => BatchCaller.Create(isRest: false, gateway.Port, Nginx.Body))];
        Peer ours = new("Batch", () => gateway.ProcessorTime, () => BatchCaller.RunAsync(callers, submission, Calls / CallsPerBatch));
        Peer strict = new("BullMQ, Redis flushes always", () => always.ProcessorTime, () => always.RunAsync(Calls, Concurrency, Nginx.Body.Length));
        Peer[] peers =
        [
            ours,
            strict,
            new("BullMQ, Redis flushes every second", () => everySecond.ProcessorTime, () => everySecond.RunAsync(Calls, Concurrency, Nginx.Body.Length)),
        ];

        // .NET compiles what it calls often once more later than Node.js does.
        await BatchCaller.RunAsync(callers, submission, 10 * Calls / CallsPerBatch);
        for (var i = -WarmUps; i < rounds; i++)
        {
            foreach (var peer in peers)
            {
                await peer.MeasureAsync(isWarmUp: i < 0);
            }
        }

        foreach (var caller in callers)
        {
            caller.Dispose();
        }

        Console.WriteLine();
        Console.WriteLine("| | calls/s | CPU µs a call |");
        Console.WriteLine("|---|---|---|");
        foreach (var peer in peers)
        {
            Console.WriteLine(peer);
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{ours.Rate / strict.Rate:0.0} times BullMQ with always, goal 7"));
    }

    private sealed class Peer(string name, Func<TimeSpan> processorTime, Func<Task> run)
    {
        private readonly Series _rate = new();
        private readonly Series _cpu = new();

        public double Rate => _rate.Median;

        public async Task MeasureAsync(bool isWarmUp)
        {
            var cpu = processorTime();
            var watch = Stopwatch.StartNew();
            await run();
            var elapsed = watch.Elapsed;
            cpu = processorTime() - cpu;
            if (!isWarmUp)
            {
                _rate.Add(Calls / elapsed.TotalSeconds);
                _cpu.Add(cpu.TotalMicroseconds / Calls);
            }
        }

        public override string ToString() => $"| {name} | {_rate.ToText("0")} | {_cpu.ToText("0.0")} |";
    }
}
