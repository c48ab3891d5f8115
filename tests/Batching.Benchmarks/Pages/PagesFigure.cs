namespace Batching.Benchmarks.Pages;

/// <summary>10,000 pages of 100 KiB that spawners walk: what it costs to find each next one, and to store the pages.</summary>
internal static class PagesFigure
{
    private const int Walks = 10;
    private const int PagesPerWalk = 1_000;

    /// <summary>Measures one build of the gateway, or several by turns.</summary>
    /// <param name="rounds">How often.</param>
    /// <param name="folders">Where the builds are; none for the one beside this program.</param>
    public static async Task RunAsync(int rounds, IReadOnlyList<string> folders)
    {
        Console.WriteLine(ProcessorTimes.DescribeMachine());
        var port = ChildProcess.FreePort();
        await using var api = new PagedApi(port, PagesPerWalk);
        await api.StartAsync();
        var sides = new List<PagesSide>();
        foreach (var folder in folders.DefaultIfEmpty())
        {
            sides.Add(await PagesSide.StartAsync(folder, port));
        }

        for (var i = -1; i < rounds; i++)
        {
            // Who comes first changes.
            foreach (var side in i % 2 == 0 ? sides : Enumerable.Reverse(sides))
            {
                await side.MeasureAsync(Walks, PagesPerWalk, isWarmUp: i < 0);
            }

            foreach (var side in i >= 0 ? sides : [])
            {
                side.Compare(sides[0]);
            }
        }

        Console.WriteLine();
        Console.WriteLine("| | pages/s | of the first | CPU µs a page | of the first |");
        Console.WriteLine("|---|---|---|---|---|");
        foreach (var side in sides)
        {
            Console.WriteLine(side);
            await side.DisposeAsync();
        }
    }
}
