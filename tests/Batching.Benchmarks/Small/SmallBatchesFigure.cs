using Batching.Benchmarks.Driver;

namespace Batching.Benchmarks.Small;

/// <summary>
/// Many callers at once, each of which submits ten requests, fetches their results, and begins anew: what a batch costs
/// where it is small.
/// </summary>
internal static class SmallBatchesFigure
{
    private const int CallsPerBatch = 10;

    /// <summary>Measures one build of the gateway, or several by turns.</summary>
    /// <param name="rounds">How often.</param>
    /// <param name="isRest">JSON over HTTP/1.1 instead of gRPC.</param>
    /// <param name="withOneCall">Also the last build with one call a batch in the place of two.</param>
    /// <param name="folders">Where the builds are; none for the one beside this program.</param>
    public static async Task RunAsync(int rounds, bool isRest, bool withOneCall, IReadOnlyList<string> folders)
    {
        Console.WriteLine(ProcessorTimes.DescribeMachine());
        await using var nginx = await Nginx.StartAsync();
        var submission = Submission.OfGets(CallsPerBatch);
        var sides = new List<SmallBatchesSide>();
        foreach (var folder in folders.DefaultIfEmpty())
        {
            sides.Add(await SmallBatchesSide.StartAsync(folder, nginx.Port, isRest));
        }

        if (withOneCall)
        {
            sides.Add(await SmallBatchesSide.StartOneCallAsync(folders is [.., var last] ? last : null, nginx.Port));
        }

        for (var i = -1; i < rounds; i++)
        {
            // Who comes first changes.
            foreach (var side in i % 2 == 0 ? sides : Enumerable.Reverse(sides))
            {
                await side.MeasureAsync(submission, isWarmUp: i < 0);
            }

            foreach (var side in i >= 0 ? sides : [])
            {
                side.Compare(sides[0]);
            }
        }

        Console.WriteLine();
        Console.WriteLine("| | batches/s | of the first | acknowledged, ms: p50 | p99 | all fetched, ms: p50 | p99 | CPU µs a batch | of the first |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|");
        foreach (var side in sides)
        {
            Console.WriteLine(side);
            await side.DisposeAsync();
        }
    }
}
