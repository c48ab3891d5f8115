using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Batching.Benchmarks.Overload;

/// <summary>
/// What an owner notices of another one who calls ten times as often as it may. The quiet one submits a batch of ten
/// requests 50 times a second and streams its results; the loud one submits batches of one request.
/// </summary>
internal static class OwnerIsolationFigure
{
    private const int Quota = 200;
    private const int LoudRate = 10 * Quota;
    private const int QuietRate = 50;
    private const int Connections = 32;

    private static readonly TimeSpan Turn = TimeSpan.FromSeconds(12);

    public static async Task RunAsync(int rounds)
    {
        Console.WriteLine(ProcessorTimes.DescribeMachine());
        var port = ChildProcess.FreePort();
        await using var api = CreateApi(port);
        await api.StartAsync();
        await using var gateway = await GatewayUnderLoad.StartAsync(
            port,
            ("Batch:Quotas:CallsPerSecond", Quota.ToString(CultureInfo.InvariantCulture)),
            ("Batch:Quotas:CallBurst", Quota.ToString(CultureInfo.InvariantCulture)));
        using var quiet = gateway.CreateClient("quiet", Connections);
        using var loud = gateway.CreateClient("loud", Connections);

        await MeasureAsync(quiet, new Latencies());
        var (alone, beside) = (new Latencies(), new Latencies());
        var counts = new Dictionary<HttpStatusCode, int>();
        for (var round = 0; round < rounds; round++)
        {
            await MeasureAsync(quiet, alone);
            using var stop = new CancellationTokenSource();
            var load = LoadAsync(loud, counts, stop.Token);
            await MeasureAsync(quiet, beside);
            await stop.CancelAsync();
            await load;
        }

        Console.WriteLine("| ms | submit: median | p99 | submit to last result: median | p99 |");
        Console.WriteLine("|---|---|---|---|---|");
        Write("alone", alone);
        Write("beside the loud one", beside);
        Console.WriteLine(
            $"The loud one was answered: {string.Join(", ", counts.OrderBy(count => count.Key).Select(count => $"{(int)count.Key}: {count.Value}"))}.");
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"p99 ratios: {beside.Submit.Percentile(99) / alone.Submit.Percentile(99):0.00}, {beside.Done.Percentile(99) / alone.Done.Percentile(99):0.00}"));
    }

    private static void Write(string name, Latencies latencies) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"| {name} | {latencies.Submit.Median:0.0} | {latencies.Submit.Percentile(99):0.0} | {latencies.Done.Median:0.0} | {latencies.Done.Percentile(99):0.0} |"));

    // Whether a call has been answered or not, the next one comes at its time.
    private static async Task PaceAsync(int rate, Func<bool> goesOn, Func<Task> call)
    {
        var calls = new List<Task>();
        var started = Stopwatch.GetTimestamp();
        while (goesOn())
        {
            while (calls.Count < Stopwatch.GetElapsedTime(started).TotalSeconds * rate)
            {
                calls.Add(call());
            }

            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System);
        }

        await Task.WhenAll(calls);
    }

    private static Task MeasureAsync(HttpClient client, Latencies latencies)
    {
        var batch = GatewayUnderLoad.Batch(10);
        var started = Stopwatch.GetTimestamp();
        return PaceAsync(QuietRate, () => Stopwatch.GetElapsedTime(started) < Turn, async () =>
        {
            var began = Stopwatch.GetTimestamp();
            using var reply = await client.PostAsync("/api/v0/batch", new ByteArrayContent(batch));
            var text = await reply.EnsureSuccessStatusCode().Content.ReadAsStringAsync();
            var submitted = Stopwatch.GetElapsedTime(began);
            using var json = JsonDocument.Parse(text);
            var id = json.RootElement.GetProperty("Batch").GetProperty("id").GetString();
            var results = await client.GetStringAsync($"/api/v0/batch/{id}/results");
            var done = Stopwatch.GetElapsedTime(began);
            if (!results.Contains("\"end\":true", StringComparison.Ordinal))
            {
                throw new InvalidOperationException(results);
            }

            lock (latencies)
            {
                latencies.Submit.Add(submitted.TotalMilliseconds);
                latencies.Done.Add(done.TotalMilliseconds);
            }
        });
    }

    private static Task LoadAsync(
        HttpClient client, Dictionary<HttpStatusCode, int> counts, CancellationToken stop)
    {
        var batch = GatewayUnderLoad.Batch(1);
        return PaceAsync(LoudRate, () => !stop.IsCancellationRequested, async () =>
        {
            using var reply = await client.PostAsync("/api/v0/batch", new ByteArrayContent(batch));
            lock (counts)
            {
                counts[reply.StatusCode] = counts.GetValueOrDefault(reply.StatusCode) + 1;
            }
        });
    }

    private static WebApplication CreateApi(int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        var api = builder.Build();
        api.Run(context => context.Response.WriteAsync("{}"));
        return api;
    }

    private sealed class Latencies
    {
        public Series Submit { get; } = new();

        public Series Done { get; } = new();
    }
}
