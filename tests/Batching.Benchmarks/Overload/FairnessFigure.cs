using System.Diagnostics;
using System.Globalization;
using Batching.Benchmarks.Driver;
using Batching.Benchmarks.Large;
using Batching.V1;

namespace Batching.Benchmarks.Overload;

/// <summary>
/// How long ten requests take, submission to last result, on an idle gateway and while a very large batch of another
/// owner runs.
/// </summary>
internal static class FairnessFigure
{
    private const int CallsPerBatch = 10;
    private const int PerMessage = 1_000;
    private const int Samples = 20;
    private const int WarmUps = 300;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <param name="large">Requests of the large batch.</param>
    public static async Task RunAsync(int large)
    {
        Console.WriteLine(ProcessorTimes.DescribeMachine());
        await using var nginx = await Nginx.StartAsync();
        await using var gateway = await GatewayServer.StartAsync(nginx.Port);
        using var caller = new GrpcBatchCaller(gateway.Port, Nginx.Body) { Credential = "Bearer small" };
        var submission = Submission.OfGets(CallsPerBatch);

        // Warms up the calls, then all else that a small batch needs.
        await gateway.UntilDoneAsync(await gateway.UploadAsync(large / 10, PerMessage));
        await BatchCaller.RunAsync([caller], submission, WarmUps);

        var idle = await MeasureAsync(caller, submission);
        var id = await gateway.UploadAsync(large, PerMessage);
        var beside = await MeasureAsync(caller, submission);
        var left = (await gateway.Batches.CancelBatchAsync(new CancelBatchRequest { BatchId = id })).Batch;
        if (left.State != BatchState.Cancelled)
        {
            throw new InvalidOperationException($"The large batch was over before the small ones: {left}");
        }

        Console.WriteLine();
        Console.WriteLine($"| ten requests, {Samples} times | ms | of it until acknowledged |");
        Console.WriteLine("|---|---|---|");
        Console.WriteLine($"| idle gateway | {idle.Done.ToText("0.0")} | {idle.Acknowledged.ToText("0.0")} |");
        Console.WriteLine($"| beside a batch of {large} | {beside.Done.ToText("0.0")} | {beside.Acknowledged.ToText("0.0")} |");
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| ratio of the medians | {beside.Done.Median / idle.Done.Median:0.00}, goal 3 | |"));
    }

    private static async Task<(Series Acknowledged, Series Done)> MeasureAsync(BatchCaller caller, Submission submission)
    {
        var acknowledged = new Series();
        var done = new Series();
        for (var i = 0; i < Samples; i++)
        {
            await Task.Delay(Pause, TimeProvider.System);
            var started = Stopwatch.GetTimestamp();
            var id = await caller.SubmitAsync(submission);
            acknowledged.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            await caller.FetchAllAsync(id, submission.Count);
            done.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }

        return (acknowledged, done);
    }
}
