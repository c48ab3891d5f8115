using System.Globalization;
using System.Text.Json;
using Batching.Cli.Tests.Infrastructure;
using Batching.Client.Tests.Infrastructure;
using Xunit.Abstractions;

namespace Batching.Cli.Tests;

/// <summary>
/// <c>batch run</c> is killed at random moments, and each time goes on: in the end there is a line for each call. With
/// <c>BATCH_CLI_CALLS</c> and <c>BATCH_CLI_KILLS</c> there are more of both; <c>BATCH_CLI_SEED</c> repeats the moments.
/// </summary>
public sealed class KilledRunTests(ITestOutputHelper log)
{
    private const int MillisecondsOfACall = 20;

    [Fact]
    public async Task Run_KilledAgainAndAgain_HasEachResultOnce()
    {
        var calls = Setting("BATCH_CLI_CALLS", 2_500);
        var kills = Setting("BATCH_CLI_KILLS", 3);
        var seed = Setting("BATCH_CLI_SEED", Environment.TickCount & int.MaxValue);
        log.WriteLine($"{calls} calls, {kills} kills, seed {seed}");
        var random = new Random(seed);
        using var gateway = await TestGateway.StartNewAsync();
        using var folder = new TemporaryFolder();
        var input = folder.Write("calls.jsonl", string.Concat(Enumerable.Range(0, calls).Select(
            call => $$$"""{"path": "sample/slow", "params": {"ms": {{{MillisecondsOfACall}}}, "call": {{{call}}}}}""" + "\n")));
        var output = folder["results.jsonl"];

        var killed = 0;
        while (killed < kills)
        {
            using var process = Start(gateway.Address, input, output);
            await WaitForMomentAsync(process, output, random, calls);
            if (process.HasExited)
            {
                break;
            }

            process.Kill();
            await process.WaitAsync();
            killed++;
            log.WriteLine($"killed: {(File.Exists(output) ? new FileInfo(output).Length : 0)} bytes, half a line: {EndsInALine(output)}");
        }

        using (var last = Start(gateway.Address, input, output))
        {
            var (code, _, error) = await last.WaitAsync();
            Assert.True(code == ExitCode.Success, $"{code}: {error}");
        }

        Assert.Equal(kills, killed);
        var results = File.ReadLines(output).Select(line => JsonElement.Parse(line)).ToArray();
        Assert.Equal(calls, results.Length);
        Assert.Equal(calls, results.Select(result => result.GetProperty("id").GetString()).Distinct().Count());
        Assert.Equal(Enumerable.Range(0, calls), results.Select(result => result.GetProperty("index").GetInt32()).Order());
        Assert.All(results, result => Assert.Equal(
            result.GetProperty("index").GetInt32(), result.GetProperty("params").GetProperty("call").GetInt32()));
        Assert.Equal([input, output], Directory.GetFiles(folder.FullName).Order());

        // No call was made twice: there is one batch.
        using var client = gateway.NewClient();
        Assert.Single(await client.ListAsync().ToListAsync());
    }

    // Until the first kill that leaves something to go on with there is nothing to go on with.
    private static CliProcess Start(Uri gateway, string input, string output) => File.Exists($"{output}.batch")
        ? CliProcess.Start(gateway, "resume", output)
        : CliProcess.Start(gateway, "run", input, "-o", output);

    // By the clock, so that every step of a run is met; or when so much is written, so that the writing is.
    private static async Task WaitForMomentAsync(CliProcess process, string output, Random random, int calls)
    {
        var before = File.Exists(output) ? new FileInfo(output).Length : 0;
        var (byClock, milliseconds, bytes) = (random.Next(3) == 0, random.Next(50, 900), random.Next(1, calls * 40));
        var started = TimeProvider.System.GetTimestamp();
        while (!process.HasExited)
        {
            if (byClock
                ? TimeProvider.System.GetElapsedTime(started).TotalMilliseconds > milliseconds
                : File.Exists(output) && new FileInfo(output).Length > before + bytes)
            {
                return;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(2), TimeProvider.System);
        }
    }

    private static bool EndsInALine(string path)
    {
        using var file = File.Exists(path) ? new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite) : null;
        if (file is null or { Length: 0 })
        {
            return false;
        }

        file.Position = file.Length - 1;
        return file.ReadByte() != '\n';
    }

    private static int Setting(string name, int value) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out var given) ? given : value;
}
