using System.Diagnostics;
using System.Globalization;

namespace Batching.Benchmarks.Robustness;

/// <summary>
/// Runs the server for a while with half of what it can take, with mixed sizes and calls, and shows whether anything
/// grows: memory, descriptors, threads, the store, latencies. What expires does so after two minutes.
/// </summary>
internal static class SoakFigure
{
    private const int CalibrationWorkers = 16;
    private const int MaxAtATime = 64;
    private const int IdleStreams = 20;

    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Calibration = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan SampleInterval = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan SlopeTime = TimeSpan.FromMinutes(10);

    /// <returns>The exit code: 0 if every result arrived exactly once and the server logged no error.</returns>
    public static async Task<int> RunAsync(int minutes)
    {
        Console.WriteLine(ProcessorTimes.DescribeMachine());
        var folder = Directory.CreateTempSubdirectory("batch-benchmark-soak-");
        try
        {
            var port = ChildProcess.FreePort();
            await using var upstream = await ChildProcess.StartAsync(
                port,
                Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
                new Dictionary<string, string>(),
                typeof(SoakFigure).Assembly.Location,
                "soak-upstream",
                $"{port}");
            var (server, _) = await GatewayServer.StartAsync(
                $"http://127.0.0.1:{port}",
                folder.FullName,
                new Dictionary<string, string>
                {
                    ["Batch__Retention__Responses"] = "00:02:00",
                    ["Batch__Retention__Metadata"] = "00:04:00",
                });
            await using (server)
            {
                return await RunAsync(server, minutes);
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<int> RunAsync(GatewayServer server, int minutes)
    {
        var meter = new SoakMeter();
        using var mix = new SoakMix(server.Address, meter);
        await RunFlatOutAsync(mix, WarmUp);
        meter.Take();
        await RunFlatOutAsync(mix, Calibration);
        var most = meter.Take().Calls / Calibration.TotalSeconds;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{minutes} minutes at half of {most:0} calls of the API a second, beside {IdleStreams} streams that have little to send."));
        Console.WriteLine();

        using var stop = new CancellationTokenSource();
        var idle = Enumerable.Range(0, IdleStreams).Select(_ => mix.IdleAsync(stop.Token)).ToArray();
        var load = RunPacedAsync(mix, most / 2, stop.Token);
        var samples = new List<(TimeSpan At, ProcessSample Sample)>();
        var table = new List<SoakMinute>();
        Console.WriteLine(SoakMinute.Head);
        using var timer = new PeriodicTimer(SampleInterval);
        var started = Stopwatch.StartNew();
        var minuteStarted = TimeSpan.Zero;
        long errorsBefore = 0;
        while (table.Count < minutes && !server.HasExited)
        {
            await timer.WaitForNextTickAsync();
            samples.Add((started.Elapsed, server.Sample()));
            if (started.Elapsed >= TimeSpan.FromMinutes(table.Count + 1) - (SampleInterval / 2))
            {
                var (calls, acks, completions) = meter.Take();
                var errors = meter.ErrorCount;
                table.Add(new SoakMinute(
                    table.Count + 1,
                    calls / (started.Elapsed - minuteStarted).TotalSeconds,
                    acks,
                    completions,
                    samples[^1].Sample,
                    errors - errorsBefore));
                Console.WriteLine(table[^1].ToRow());
                minuteStarted = started.Elapsed;
                errorsBefore = errors;
            }
        }

        await stop.CancelAsync();
        await load;
        await Task.WhenAll(idle);
        return Conclude(server, meter, samples, table);
    }

    private static int Conclude(
        GatewayServer server,
        SoakMeter meter,
        List<(TimeSpan At, ProcessSample Sample)> samples,
        List<SoakMinute> table)
    {
        var last = samples[^1].At;
        var from = last > SlopeTime ? last - SlopeTime : last / 2;
        var tail = samples.Where(sample => sample.At >= from).ToList();
        Console.WriteLine();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"""
            Over the last {(last - from).TotalMinutes:0.0} minutes, a minute: memory {Slope(tail, sample => sample.ResidentMegabytes):+0.00;-0.00} MiB of {tail.Average(sample => sample.Sample.ResidentMegabytes):0}, descriptors {Slope(tail, sample => sample.Descriptors):+0.00;-0.00} of {tail.Average(sample => sample.Sample.Descriptors):0}, threads {Slope(tail, sample => sample.Threads):+0.00;-0.00} of {tail.Average(sample => sample.Sample.Threads):0}, store {Slope(tail, sample => sample.StoreMegabytes):+0.00;-0.00} MiB of {tail.Average(sample => sample.Sample.StoreMegabytes):0}.
            Medians of the first and the last third: ack p50 {Drift(table, minute => minute.Acks.Percentile(50))} ms, p99 {Drift(table, minute => minute.Acks.Percentile(99))} ms; done p50 {Drift(table, minute => minute.Completions.Percentile(50))} ms, p99 {Drift(table, minute => minute.Completions.Percentile(99))} ms.
            """));
        foreach (var error in meter.Errors)
        {
            Console.WriteLine($"- {error}");
        }

        var logged = server.Output
            .Where(line => line.StartsWith("fail:", StringComparison.Ordinal) || line.StartsWith("crit:", StringComparison.Ordinal))
            .ToList();
        foreach (var line in logged)
        {
            Console.WriteLine($"- logged: {line}");
        }

        Console.WriteLine();
        Console.WriteLine(server.HasExited ? "The server has ended." : $"{meter.ErrorCount} errors, {logged.Count} logged.");
        return server.HasExited || meter.ErrorCount + logged.Count > 0 ? 1 : 0;
    }

    private static async Task RunFlatOutAsync(SoakMix mix, TimeSpan duration)
    {
        var started = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, CalibrationWorkers).Select(_ => Task.Run(async () =>
        {
            while (started.Elapsed < duration)
            {
                await mix.Next().RunAsync();
            }
        })));
    }

    // The work comes when it comes, however long the work before takes; only a server that has fallen far behind is
    // waited for.
    private static async Task RunPacedAsync(SoakMix mix, double callsPerSecond, CancellationToken cancellationToken)
    {
        using var places = new SemaphoreSlim(MaxAtATime);
        var started = Stopwatch.StartNew();
        var due = TimeSpan.Zero;
        while (!cancellationToken.IsCancellationRequested)
        {
            var (calls, runAsync) = mix.Next();
            if (due > started.Elapsed)
            {
                await Task.Delay(due - started.Elapsed, TimeProvider.System, cancellationToken)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            await places.WaitAsync(CancellationToken.None);
            _ = RunAsync(runAsync);
            due = TimeSpan.FromSeconds(Math.Max(due.TotalSeconds, started.Elapsed.TotalSeconds - 1) + (calls / callsPerSecond));
        }

        for (var i = 0; i < MaxAtATime; i++)
        {
            await places.WaitAsync(CancellationToken.None);
        }

        async Task RunAsync(Func<Task> runAsync)
        {
            await Task.Run(runAsync, CancellationToken.None);
            places.Release();
        }
    }

    // Least squares, a minute.
    private static double Slope(List<(TimeSpan At, ProcessSample Sample)> samples, Func<ProcessSample, double> value)
    {
        var x = samples.Average(sample => sample.At.TotalMinutes);
        var y = samples.Average(sample => value(sample.Sample));
        var above = samples.Sum(sample => (sample.At.TotalMinutes - x) * (value(sample.Sample) - y));
        var below = samples.Sum(sample => (sample.At.TotalMinutes - x) * (sample.At.TotalMinutes - x));
        return below == 0 ? 0 : above / below;
    }

    private static string Drift(List<SoakMinute> table, Func<SoakMinute, double> value)
    {
        var third = Math.Max(1, table.Count / 3);
        var first = new Series();
        var last = new Series();
        foreach (var minute in table.Take(third))
        {
            first.Add(value(minute));
        }

        foreach (var minute in table.TakeLast(third))
        {
            last.Add(value(minute));
        }

        return string.Create(CultureInfo.InvariantCulture, $"{first.Median:0.0} → {last.Median:0.0}");
    }
}
