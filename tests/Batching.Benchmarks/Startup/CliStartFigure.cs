using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Batching.Benchmarks.Startup;

/// <summary>From the start of a published command line to the first byte that it sends to a gateway.</summary>
internal static class CliStartFigure
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    /// <param name="folder">The published command line.</param>
    /// <param name="rounds">Starts of each command; they take turns.</param>
    public static async Task RunAsync(string folder, int rounds)
    {
        Console.WriteLine(ProcessorTimes.DescribeMachine());
        Console.WriteLine();
        Console.WriteLine("| command | ms to the first byte | CPU ms |");
        Console.WriteLine("|---|---|---|");
        var work = Directory.CreateTempSubdirectory("batch-benchmark-");
        var calls = Path.Combine(work.FullName, "calls.jsonl");
        await File.WriteAllLinesAsync(calls, Enumerable.Range(1, 1000).Select(i => $$"""{"path": "sample/items/{{i}}"}"""));
        (string Name, string[] Arguments, Series Wall, Series Cpu)[] commands =
        [
            ("`ls`", ["ls"], new Series(), new Series()),
            ("`run`", ["run", calls], new Series(), new Series()),
            ("`run -o`", ["run", calls, "-o"], new Series(), new Series()),
        ];
        for (var i = -1; i < rounds; i++)
        {
            foreach (var command in commands)
            {
                var output = command.Arguments is [.., "-o"] ? [Path.Combine(work.FullName, $"results-{i}.jsonl")] : Array.Empty<string>();
                var (wall, cpu) = await MeasureAsync(folder, [.. command.Arguments, .. output]);

                // The very first start reads the files from the disk.
                if (i >= 0)
                {
                    command.Wall.Add(wall.TotalMilliseconds);
                    command.Cpu.Add(cpu.TotalMilliseconds);
                }
            }
        }

        foreach (var (name, _, wall, cpu) in commands)
        {
            Console.WriteLine($"| {name} | {wall.ToText("0")} | {cpu.ToText("0")} |");
        }

        work.Delete(recursive: true);
    }

    private static async Task<(TimeSpan Wall, TimeSpan Cpu)> MeasureAsync(string folder, string[] arguments)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var start = new ProcessStartInfo(Path.Combine(Path.GetFullPath(folder), "batch"), arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["BATCH_URL"] = $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";
        using var deadline = new CancellationTokenSource(Deadline);
        var watch = Stopwatch.StartNew();
        using var process = Process.Start(start)!;
        try
        {
            using var connection = await listener.AcceptSocketAsync(deadline.Token);
            await connection.ReceiveAsync(new byte[1], deadline.Token);
            var wall = watch.Elapsed;
            process.Refresh();
            return (wall, process.TotalProcessorTime);
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
        }
    }
}
