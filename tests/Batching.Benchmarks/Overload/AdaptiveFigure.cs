using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Batching.Benchmarks.Overload;

/// <summary>
/// What becomes of a batch whose API takes 20 ms for a call and no more than 50 calls at a time: beyond that it keeps the
/// caller waiting for 200 ms and answers 503. The gateway is configured for 256.
/// </summary>
internal static class AdaptiveFigure
{
    private const int Requests = 10_000;
    private const int Strength = 50;
    private const int MaxConcurrency = 256;

    public static async Task RunAsync(int rounds)
    {
        Console.WriteLine(ProcessorTimes.DescribeMachine());
        var (with, without) = (new Outcome(), new Outcome());
        for (var round = 0; round < rounds; round++)
        {
            await RunAsync(adaptive: true, with);
            await RunAsync(adaptive: false, without);
        }

        Console.WriteLine("| | failed results | 503s of the API | s | most calls at a time |");
        Console.WriteLine("|---|---|---|---|---|");
        Write("with adaptation", with);
        Write("without", without);
    }

    private static void Write(string name, Outcome outcome) => Console.WriteLine(
        $"| {name} | {outcome.Failed.ToText("0")} | {outcome.Refusals.ToText("0")} | {outcome.Seconds.ToText("0.0")} | {outcome.Most.ToText("0")} |");

    private static async Task RunAsync(bool adaptive, Outcome outcome)
    {
        var weak = new WeakApi();
        var port = ChildProcess.FreePort();
        await using var api = weak.Create(port);
        await api.StartAsync();
        await using var gateway = await GatewayUnderLoad.StartAsync(
            port,
            ("Batch:Upstreams:0:MaxConcurrency", MaxConcurrency.ToString(CultureInfo.InvariantCulture)),
            ("Batch:Upstreams:0:AdaptiveConcurrency", adaptive ? "true" : "false"));
        using var client = gateway.CreateClient("a", 2);

        var started = Stopwatch.GetTimestamp();
        using var submitted = await client.PostAsync(
            "/api/v0/batch", new ByteArrayContent(GatewayUnderLoad.Batch(Requests)));
        submitted.EnsureSuccessStatusCode();
        using var batch = JsonDocument.Parse(await submitted.Content.ReadAsStringAsync());
        var id = batch.RootElement.GetProperty("Batch").GetProperty("id").GetString();
        using var reader = new StreamReader(await client.GetStreamAsync($"/api/v0/batch/{id}/results"));
        var failed = 0;
        var ended = false;
        while (await reader.ReadLineAsync() is { } line)
        {
            failed += line.Contains("\"responseStatusCode\":200", StringComparison.Ordinal) ? 0 : 1;
            ended = line.Contains("\"end\":true", StringComparison.Ordinal);
        }

        if (!ended)
        {
            throw new InvalidOperationException("The stream was cut.");
        }

        outcome.Seconds.Add(Stopwatch.GetElapsedTime(started).TotalSeconds);
        outcome.Failed.Add(failed - 1);
        outcome.Refusals.Add(weak.Refusals);
        outcome.Most.Add(weak.Most);
    }

    private sealed class Outcome
    {
        public Series Failed { get; } = new();

        public Series Refusals { get; } = new();

        public Series Seconds { get; } = new();

        public Series Most { get; } = new();
    }

    private sealed class WeakApi
    {
        private int _inFlight;
        private int _refusals;
        private int _most;

        public int Refusals => _refusals;

        public int Most => _most;

        public WebApplication Create(int port)
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
            var api = builder.Build();
            api.Run(AnswerAsync);
            return api;
        }

        private async Task AnswerAsync(HttpContext context)
        {
            var inFlight = Interlocked.Increment(ref _inFlight);
            for (var most = _most; inFlight > most; most = _most)
            {
                Interlocked.CompareExchange(ref _most, inFlight, most);
            }

            var tooMany = inFlight > Strength;
            await Task.Delay(TimeSpan.FromMilliseconds(tooMany ? 200 : 20), TimeProvider.System);
            Interlocked.Decrement(ref _inFlight);
            if (tooMany)
            {
                Interlocked.Increment(ref _refusals);
                context.Response.StatusCode = 503;
                return;
            }

            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync("{}");
        }
    }
}
