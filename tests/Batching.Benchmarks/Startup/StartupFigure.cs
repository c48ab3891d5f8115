using System.Diagnostics;

namespace Batching.Benchmarks.Startup;

/// <summary>
/// From the start of the process to the first 200 of <c>/healthz</c>, of builds that were published before: the first
/// time each starts it makes its store, afterwards it opens it.
/// </summary>
internal static class StartupFigure
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(2);

    /// <param name="folders">A published build each.</param>
    /// <param name="rounds">Starts of each; they take turns.</param>
    public static async Task RunAsync(IReadOnlyList<string> folders, int rounds)
    {
        Console.WriteLine(ProcessorTimes.DescribeMachine());
        Console.WriteLine();
        Console.WriteLine("| build | ms with a store to make | ms with a store to open | CPU ms |");
        Console.WriteLine("|---|---|---|---|");
        var figures = folders.Select(folder => (Folder: folder, First: new Series(), Next: new Series(), Cpu: new Series())).ToArray();
        for (var i = -1; i < rounds; i++)
        {
            foreach (var figure in figures)
            {
                var data = Directory.CreateTempSubdirectory("batch-benchmark-");
                var first = await MeasureAsync(figure.Folder, data.FullName);
                var next = await MeasureAsync(figure.Folder, data.FullName);
                data.Delete(recursive: true);

                // The very first start reads the files from the disk.
                if (i >= 0)
                {
                    figure.First.Add(first.Wall.TotalMilliseconds);
                    figure.Next.Add(next.Wall.TotalMilliseconds);
                    figure.Cpu.Add(next.Cpu.TotalMilliseconds);
                }
            }
        }

        foreach (var (folder, first, next, cpu) in figures)
        {
            Console.WriteLine(
                $"| {Path.GetFileName(Path.TrimEndingDirectorySeparator(folder))} | {first.ToText("0")} | {next.ToText("0")} | {cpu.ToText("0")} |");
        }
    }

    private static async Task<(TimeSpan Wall, TimeSpan Cpu)> MeasureAsync(string folder, string data)
    {
        var port = ChildProcess.FreePort();
        var start = new ProcessStartInfo(Path.Combine(Path.GetFullPath(folder), "Batching.Server")) { WorkingDirectory = data };
        start.Environment["ASPNETCORE_URLS"] = $"http://127.0.0.1:{port}";
        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Production";
        start.Environment["Batch__DataDirectory"] = data;
        start.Environment["Batch__Upstream"] = "http://127.0.0.1:9";
        start.Environment["Logging__LogLevel__Default"] = "Warning";
        using var http = new HttpClient();
        var uri = new Uri($"http://127.0.0.1:{port}/healthz");
        var watch = Stopwatch.StartNew();
        using var process = Process.Start(start)!;
        while (!await IsHealthyAsync(http, uri))
        {
            if (process.HasExited || watch.Elapsed > Deadline)
            {
                throw new InvalidOperationException($"{start.FileName} did not start.");
            }

            await Task.Delay(PollInterval, TimeProvider.System);
        }

        var wall = watch.Elapsed;
        process.Refresh();
        var cpu = process.TotalProcessorTime;
        using var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]);
        await process.WaitForExitAsync();
        return (wall, cpu);
    }

    private static async Task<bool> IsHealthyAsync(HttpClient http, Uri uri)
    {
        try
        {
            using var response = await http.GetAsync(uri);
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
