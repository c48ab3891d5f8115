using System.Diagnostics;
using System.Globalization;
using Batching.Benchmarks.Driver;
using Batching.V1;
using Grpc.Core;
using Grpc.Net.Client;

namespace Batching.Benchmarks.Flow;

/// <summary>
/// The cost of a request that depends on another one, beside one that depends on none: a chain where the API gets one request at a time,
/// and one request that all others wait for. Both kinds of batches take turns on one gateway.
/// </summary>
internal static class DependencyFigure
{
    private const int PerMessage = 2_000;
    private const int WarmUp = 2;

    public static async Task RunAsync(int rounds, int count)
    {
        Console.WriteLine(ProcessorTimes.DescribeMachine());
        await using var upstream = await Nginx.StartAsync();
        Console.WriteLine();
        Console.WriteLine("| requests | at a time | µs a request | ratio | CPU, µs a request | ratio |");
        Console.WriteLine("|---|---|---|---|---|---|");
        await RunAsync(upstream, "chain", "1", rounds, count, static i => i == 0 ? null : i - 1);
        await RunAsync(upstream, "all depend on one", "64", rounds, count, static i => i == 0 ? null : 0);
    }

    private static async Task RunAsync(
        Nginx upstream, string name, string concurrency, int rounds, int count, Func<int, int?> otherOf)
    {
        var settings = new Dictionary<string, string>
        {
            ["Batch__Upstreams__0__BaseAddress"] = $"http://127.0.0.1:{upstream.Port}",
            ["Batch__Upstreams__0__MaxConcurrency"] = concurrency,
            ["Batch__Upstreams__0__OwnerPercent"] = "100",
        };
        await using var gateway = await GatewayProcess.StartAsync(upstream.Port, settings, hasUpstreams: true);
        using var channel = GrpcChannel.ForAddress($"http://127.0.0.1:{gateway.Port}");
        var client = new BatchService.BatchServiceClient(channel);
        for (var i = 0; i < WarmUp; i++)
        {
            await MeasureAsync(client, gateway, Math.Min(count, 5_000), static _ => null);
            await MeasureAsync(client, gateway, Math.Min(count, 5_000), otherOf);
        }

        var (none, some) = (new Figures(), new Figures());
        var (time, cpu) = (new Series(), new Series());
        for (var round = 0; round < rounds; round++)
        {
            // Who comes first changes.
            var first = await MeasureAsync(client, gateway, count, round % 2 == 0 ? static _ => null : otherOf);
            var second = await MeasureAsync(client, gateway, count, round % 2 == 0 ? otherOf : static _ => null);
            var (independent, dependent) = round % 2 == 0 ? (first, second) : (second, first);
            none.Add(independent);
            some.Add(dependent);
            time.Add(dependent.Time / independent.Time);
            cpu.Add(dependent.Processor / independent.Processor);
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {count}, independent | {concurrency} | {none.Time.ToText("0.0")} | 1 | {none.Processor.ToText("0.0")} | 1 |"));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {count}, {name} | {concurrency} | {some.Time.ToText("0.0")} | {time.ToText("0.00")} | {some.Processor.ToText("0.0")} | {cpu.ToText("0.00")} |"));
    }

    // From the end of the submission to the last result: what it takes to submit is the same but for the keys.
    private static async Task<(double Time, double Processor)> MeasureAsync(
        BatchService.BatchServiceClient client, GatewayProcess gateway, int count, Func<int, int?> otherOf)
    {
        var id = await UploadAsync(client, count, otherOf);
        var before = gateway.ProcessorTime;
        var started = Stopwatch.GetTimestamp();
        var results = 0;
        using var stream = client.FetchResults(new FetchResultsRequest { BatchId = id });
        await foreach (var record in stream.ResponseStream.ReadAllAsync())
        {
            if (record.Request is { } request)
            {
                results++;
                if (request.Response is not { StatusCode: 200 })
                {
                    throw new InvalidOperationException($"Not a result as it should be: {record}");
                }
            }
        }

        var elapsed = Stopwatch.GetElapsedTime(started);
        if (results != count)
        {
            throw new InvalidOperationException($"{results} of {count} results came.");
        }

        await client.DeleteBatchAsync(new DeleteBatchRequest { BatchId = id });
        return (elapsed.TotalMicroseconds / count, (gateway.ProcessorTime - before).TotalMicroseconds / count);
    }

    private static async Task<string> UploadAsync(BatchService.BatchServiceClient client, int count, Func<int, int?> otherOf)
    {
        using var call = client.UploadBatch();
        for (var first = 0; first < count; first += PerMessage)
        {
            var message = new UploadBatchRequest();
            for (var i = first; i < Math.Min(count, first + PerMessage); i++)
            {
                var request = new Request { Path = $"/items/{i}", Key = KeyOf(i) };
                if (otherOf(i) is { } other)
                {
                    request.DependsOn.Add(KeyOf(other));
                }

                message.Requests.Add(request);
            }

            await call.RequestStream.WriteAsync(message);
        }

        await call.RequestStream.CompleteAsync();
        return (await call).Batch.Id;
    }

    private static string KeyOf(int index) => string.Create(CultureInfo.InvariantCulture, $"r{index}");

    private sealed class Figures
    {
        public Series Time { get; } = new();

        public Series Processor { get; } = new();

        public void Add((double Time, double Processor) one)
        {
            Time.Add(one.Time);
            Processor.Add(one.Processor);
        }
    }
}
