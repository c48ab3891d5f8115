using System.Diagnostics;
using System.Globalization;
using Batching.V1;
using Grpc.Core;

namespace Batching.Benchmarks.Large;

/// <summary>
/// One batch of a million requests beside batches of ten thousand, one after the other: the time from the first byte of
/// the submission until a reader has the last result, for each request, and the most memory that the server has had.
/// </summary>
internal static class BigBatchFigure
{
    private const int Small = 10_000;
    private const int Large = 1_000_000;
    private const int PerMessage = 1_000;
    private const int WarmUp = 10;
    private const int SmallBatches = 10;

    public static async Task RunAsync(int large = Large)
    {
        Console.WriteLine(ProcessorTimes.DescribeMachine());
        await using var upstream = await Nginx.StartAsync();
        await using var gateway = await GatewayServer.StartAsync(upstream.Port);
        for (var i = 0; i < WarmUp; i++)
        {
            await MeasureAsync(gateway, Small, Upload(gateway, Small));
        }

        Console.WriteLine(
            "| requests in a batch | batches | submitted, µs a request | all results read, µs a request | CPU µs a request | peak memory so far, MiB |");
        Console.WriteLine("|---|---|---|---|---|---|");
        var before = await RunAsync(gateway, $"{Small}, by CreateBatch", Small, SmallBatches, () => gateway.CreateAsync(Small));
        before = await RunAsync(gateway, $"{Small}, by UploadBatch", Small, SmallBatches, Upload(gateway, Small));
        var one = await RunAsync(gateway, $"{large}, by UploadBatch", large, 1, Upload(gateway, large));
        var after = await RunAsync(gateway, $"{Small}, by UploadBatch, again", Small, SmallBatches, Upload(gateway, Small));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Time a request, {large} to {Small}: {one.Median / before.Median:0.000} (to those before), {one.Median / after.Median:0.000} (to those after)"));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Peak memory {gateway.PeakMebibytes:0} MiB, resident at the end {gateway.ResidentMebibytes:0} MiB, on the disk {gateway.StoredMebibytes:0} MiB"));
    }

    private static Func<Task<string>> Upload(GatewayServer gateway, int count) => () => gateway.UploadAsync(count, PerMessage);

    private static async Task<Series> RunAsync(
        GatewayServer gateway, string name, int count, int batches, Func<Task<string>> submit)
    {
        var submitted = new Series();
        var read = new Series();
        var cpu = new Series();
        for (var i = 0; i < batches; i++)
        {
            var cpuBefore = gateway.ProcessorTime;
            var (submission, whole) = await MeasureAsync(gateway, count, submit);
            submitted.Add(submission.TotalMicroseconds / count);
            read.Add(whole.TotalMicroseconds / count);
            cpu.Add((gateway.ProcessorTime - cpuBefore).TotalMicroseconds / count);
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {name} | {batches} | {submitted.ToText("0.0")} | {read.ToText("0.0")} | {cpu.ToText("0.0")} | {gateway.PeakMebibytes:0} |"));
        return read;
    }

    private static async Task<(TimeSpan Submitted, TimeSpan Read)> MeasureAsync(
        GatewayServer gateway, int count, Func<Task<string>> submit)
    {
        var started = Stopwatch.GetTimestamp();
        var id = await submit();
        var submitted = Stopwatch.GetElapsedTime(started);
        var indexes = new HashSet<int>(count);
        using var stream = gateway.Batches.FetchResults(new FetchResultsRequest { BatchId = id });
        await foreach (var record in stream.ResponseStream.ReadAllAsync())
        {
            if (record.Request is { } request
                && (request.Response is not { StatusCode: 200 } response
                    || response.Body.Length != Nginx.Body.Length
                    || !indexes.Add(request.Index)))
            {
                throw new InvalidOperationException($"Not a result as it should be: {record}");
            }
        }

        var read = Stopwatch.GetElapsedTime(started);
        return indexes.Count == count
            ? (submitted, read)
            : throw new InvalidOperationException($"{indexes.Count} of {count} results came.");
    }
}
