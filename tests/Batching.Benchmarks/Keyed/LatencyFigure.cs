using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Batching.Benchmarks.Keyed;

/// <summary>
/// What a batch of 20 calls takes beyond its slowest call. The API takes 5 to 50 ms for a call and notes how long it
/// really took, from the call's arrival to its answer; the rest of the batch's wall time is the gateway's and the
/// network's.
/// </summary>
internal static class LatencyFigure
{
    private const int Calls = 20;
    private const int WarmUp = 100;
    private const int Batches = 300;

    public static async Task RunAsync()
    {
        Console.WriteLine(ProcessorTimes.DescribeMachine());
        var took = new ConcurrentQueue<TimeSpan>();
        var port = ChildProcess.FreePort();
        await using var api = CreateApi(port, took);
        await api.StartAsync();
        await using var gateway = await Contender.StartGatewayAsync(port, Calls);
        using var connection = new LoadConnection();
        await connection.ConnectAsync(gateway.Port);

        var wall = new Series();
        var beyond = new Series();
        for (var i = 0; i < WarmUp + Batches; i++)
        {
            took.Clear();
            var started = Stopwatch.GetTimestamp();
            await connection.SendAsync(gateway.Request);
            var elapsed = Stopwatch.GetElapsedTime(started);
            if (took.Count != Calls)
            {
                throw new InvalidOperationException($"The API got {took.Count} of {Calls} calls.");
            }

            if (i >= WarmUp)
            {
                wall.Add(elapsed.TotalMilliseconds);
                beyond.Add((elapsed - took.Max()).TotalMilliseconds);
            }
        }

        Console.WriteLine("| 20 calls of 5 to 50 ms | median | p90 | p99 |");
        Console.WriteLine("|---|---|---|---|");
        Write("wall time, ms", wall);
        Write("beyond the slowest call, ms", beyond);
    }

    private static void Write(string name, Series series) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"| {name} | {series.Median:0.00} | {series.Percentile(90):0.00} | {series.Percentile(99):0.00} |"));

    private static WebApplication CreateApi(int port, ConcurrentQueue<TimeSpan> took)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        var api = builder.Build();
        api.Run(async context =>
        {
            var started = Stopwatch.GetTimestamp();
            var path = context.Request.Path.Value!;
            var index = int.Parse(path.AsSpan(path.LastIndexOf('/') + 1), CultureInfo.InvariantCulture);
            await Task.Delay(TimeSpan.FromMilliseconds(5 + (45.0 * index / (Calls - 1))), TimeProvider.System);
            context.Response.ContentType = "application/json";
            took.Enqueue(Stopwatch.GetElapsedTime(started));
            await context.Response.WriteAsync("""{"name": "item"}""");
        });
        return api;
    }
}
