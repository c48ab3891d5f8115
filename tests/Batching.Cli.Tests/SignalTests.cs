using Batching.Cli.Tests.Infrastructure;
using Batching.Client.Tests.Infrastructure;

namespace Batching.Cli.Tests;

public sealed class SignalTests(GatewayFixture fixture) : IClassFixture<GatewayFixture>
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task Run_Interrupted_KeepsTheBatchAndSaysHowToGoOn()
    {
        using var folder = new TemporaryFolder();
        var output = folder["results.jsonl"];
        var input = folder.Write("calls.jsonl", """
            {"path": "sample/items/1"}
            {"path": "sample/slow?ms=4000"}
            """);
        using var process = CliProcess.Start(fixture.Gateway.Address, "run", input, "-o", output);
        using var deadline = new CancellationTokenSource(Deadline);
        while (!File.Exists(output) || new FileInfo(output).Length == 0)
        {
            // The first result is written when the next one comes, or at the end: the state tells that it is read.
            if (File.Exists($"{output}.batch") && (await File.ReadAllTextAsync($"{output}.batch", deadline.Token)).Contains("\"batchId\"", StringComparison.Ordinal))
            {
                break;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, deadline.Token);
        }

        await process.InterruptAsync();
        var (code, _, error) = await process.WaitAsync();

        Assert.Equal(ExitCode.Interrupted, code);
        Assert.Contains($"batch resume {output}", error, StringComparison.Ordinal);
        var resumed = await Infrastructure.Cli.RunAsync(fixture.Gateway.Address, "resume", output);
        Assert.Equal(ExitCode.Success, resumed.Code);
        Assert.Equal(2, (await File.ReadAllLinesAsync(output, deadline.Token)).Length);
    }
}
