using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using Batching.Benchmarks.Driver;

namespace Batching.Benchmarks.Pages;

/// <summary>A build of the gateway, and what was seen of it.</summary>
internal sealed class PagesSide : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    private readonly string _name;
    private readonly GatewayProcess _gateway;
    private readonly HttpClient _client;
    private readonly Series _rate = new();
    private readonly Series _rateRatio = new();
    private readonly Series _cpu = new();
    private readonly Series _cpuRatio = new();

    private (double Rate, double Cpu) _last;

    private PagesSide(string name, GatewayProcess gateway)
    {
        _name = name;
        _gateway = gateway;
        _client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{gateway.Port}/api/v0/batch/") };
    }

    public static async Task<PagesSide> StartAsync(string? folder, int upstream) =>
        new(folder ?? "this build", await GatewayProcess.StartAsync(upstream, folder: folder));

    /// <summary>Runs one batch of spawners to its end, and deletes it.</summary>
    public async Task MeasureAsync(int walks, int pagesPerWalk, bool isWarmUp)
    {
        var before = _gateway.ProcessorTime;
        var watch = Stopwatch.StartNew();
        using var accepted = await _client.PostAsJsonAsync(
            "", Enumerable.Range(0, walks).Select(walk => new { path = $"walks/{walk}", spawner = true }));
        var id = (await accepted.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("Batch").GetProperty("id").GetString();
        JsonElement batch;
        while ((batch = await ReadStatusAsync(id)).GetProperty("runningRequests").GetInt64() > 0)
        {
            await Task.Delay(Interval, TimeProvider.System);
        }

        var elapsed = watch.Elapsed;
        var cpu = _gateway.ProcessorTime - before;
        var pages = batch.GetProperty("totalRequests").GetInt64() - walks;
        if (pages != walks * pagesPerWalk || batch.GetProperty("failedRequests").GetInt64() > 0)
        {
            throw new InvalidOperationException($"{_name} has walked {pages} pages: {batch.GetRawText()}");
        }

        using var deleted = await _client.DeleteAsync(new Uri(id!, UriKind.Relative));
        deleted.EnsureSuccessStatusCode();
        _last = (pages / elapsed.TotalSeconds, cpu.TotalMicroseconds / pages);
        if (!isWarmUp)
        {
            _rate.Add(_last.Rate);
            _cpu.Add(_last.Cpu);
        }
    }

    /// <summary>Sets the last round beside the same of another.</summary>
    public void Compare(PagesSide other)
    {
        _rateRatio.Add(_last.Rate / other._last.Rate);
        _cpuRatio.Add(_last.Cpu / other._last.Cpu);
    }

    public override string ToString() =>
        $"| {_name} | {_rate.ToText("0")} | {_rateRatio.ToText("0.00")} | {_cpu.ToText("0")} | {_cpuRatio.ToText("0.00")} |";

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _gateway.DisposeAsync();
    }

    private async Task<JsonElement> ReadStatusAsync(string? id) =>
        (await _client.GetFromJsonAsync<JsonElement>($"{id}/status")).GetProperty("Batch");
}
