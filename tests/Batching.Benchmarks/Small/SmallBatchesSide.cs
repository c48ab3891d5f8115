using System.Diagnostics;
using Batching.Benchmarks.Driver;

namespace Batching.Benchmarks.Small;

/// <summary>A build of the gateway with its callers, and what was seen of it.</summary>
internal sealed class SmallBatchesSide : IAsyncDisposable
{
    private const int Callers = 64;

    private static readonly TimeSpan Round = TimeSpan.FromSeconds(6);

    private readonly string _name;
    private readonly GatewayProcess _gateway;
    private readonly BatchCaller[] _callers;
    private readonly Series _rate = new();
    private readonly Series _rateRatio = new();
    private readonly Series _cpu = new();
    private readonly Series _cpuRatio = new();
    private readonly Series _acknowledged50 = new();
    private readonly Series _acknowledged99 = new();
    private readonly Series _completed50 = new();
    private readonly Series _completed99 = new();

    private (double Rate, double Cpu) _last;

    private SmallBatchesSide(string name, GatewayProcess gateway, Func<int, BatchCaller> newCaller)
    {
        _name = name;
        _gateway = gateway;
        _callers = [.. Enumerable.Range(0, Callers).Select(_ => newCaller(gateway.Port))];
    }

    /// <summary>Starts a build whose callers make two calls a batch.</summary>
    public static async Task<SmallBatchesSide> StartAsync(string? folder, int upstream, bool isRest) => new(
        folder ?? (isRest ? "REST" : "gRPC"),
        await GatewayProcess.StartAsync(upstream, folder: folder),
        port => BatchCaller.Create(isRest, port, Nginx.Body));

    /// <summary>Starts a build whose callers make one call a batch, over gRPC.</summary>
    public static async Task<SmallBatchesSide> StartOneCallAsync(string? folder, int upstream) => new(
        $"{folder} one call".TrimStart(),
        await GatewayProcess.StartAsync(upstream, folder: folder),
        port => new OneCallBatchCaller(port, Nginx.Body));

    public async Task MeasureAsync(Submission submission, bool isWarmUp)
    {
        var before = _gateway.ProcessorTime;
        var watch = Stopwatch.StartNew();
        var all = await Task.WhenAll(_callers.Select(caller => Task.Run(() => CallAsync(caller, submission, watch))));
        var elapsed = watch.Elapsed;
        var batches = all.Sum(times => times.Count);
        _last = (batches / elapsed.TotalSeconds, (_gateway.ProcessorTime - before).TotalMicroseconds / batches);
        if (isWarmUp)
        {
            return;
        }

        var acknowledged = new Series();
        var completed = new Series();
        foreach (var (submit, whole) in all.SelectMany(times => times))
        {
            acknowledged.Add(submit.TotalMilliseconds);
            completed.Add(whole.TotalMilliseconds);
        }

        _rate.Add(_last.Rate);
        _cpu.Add(_last.Cpu);
        _acknowledged50.Add(acknowledged.Median);
        _acknowledged99.Add(acknowledged.Percentile(99));
        _completed50.Add(completed.Median);
        _completed99.Add(completed.Percentile(99));
    }

    /// <summary>Sets the last round beside the same of another.</summary>
    public void Compare(SmallBatchesSide other)
    {
        _rateRatio.Add(_last.Rate / other._last.Rate);
        _cpuRatio.Add(_last.Cpu / other._last.Cpu);
    }

    public override string ToString() =>
        $"| {_name} | {_rate.ToText("0")} | {_rateRatio.ToText("0.00")} | {_acknowledged50.ToText("0.0")} | {_acknowledged99.ToText("0.0")} | {_completed50.ToText("0.0")} | {_completed99.ToText("0.0")} | {_cpu.ToText("0")} | {_cpuRatio.ToText("0.00")} |";

    public async ValueTask DisposeAsync()
    {
        foreach (var caller in _callers)
        {
            caller.Dispose();
        }

        await _gateway.DisposeAsync();
    }

    private static async Task<List<(TimeSpan Acknowledged, TimeSpan Completed)>> CallAsync(
        BatchCaller caller, Submission submission, Stopwatch watch)
    {
        var times = new List<(TimeSpan, TimeSpan)>();
        while (watch.Elapsed < Round)
        {
            var started = Stopwatch.GetTimestamp();
            var acknowledged = TimeSpan.Zero;
            await caller.CallAsync(submission, () => acknowledged = Stopwatch.GetElapsedTime(started));
            times.Add((acknowledged, Stopwatch.GetElapsedTime(started)));
        }

        return times;
    }
}
