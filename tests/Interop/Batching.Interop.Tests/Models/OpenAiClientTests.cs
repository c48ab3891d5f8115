using System.Globalization;
using System.Text.RegularExpressions;

namespace Batching.Interop.Tests.Models;

/// <summary>The client library that OpenAI has for Node.js, as its package has it.</summary>
public sealed partial class OpenAiClientTests(ModelGateway server) : IClassFixture<ModelGateway>
{
    private const string LinesVariable = "BATCH_OPENAI_LINES";

    // What a gateway may take that runs very many requests, for all budgets together.
    private const long MaxBytes = 800L * 1024 * 1024;

    [InteropFact(Tool.Node, Tool.OpenAiPackages)]
    public async Task Batches_WholeLife_Work()
    {
        var output = await RunAsync("batches.mjs", await server.AddressAsync(), Port);

        Assert.Matches(@"(?m)^all 10 steps ok\r?$", output);
        server.AssertNoErrors();
    }

    [InteropFact(Tool.Node, Tool.OpenAiPackages)]
    public async Task Batches_ManyLines_TakeBoundedMemory()
    {
        var lines = Environment.GetEnvironmentVariable(LinesVariable) ?? "5000";
        await using var gateway = await StartAsync($"http://127.0.0.1:{Port}");
        var output = await RunAsync("large.mjs", new Uri(gateway.Address).Authority, Port, lines);

        Assert.Matches(@"(?m)^all 1 steps ok\r?$", output);
        var peak = gateway.PeakMemoryBytes;
        Assert.True(peak < MaxBytes, $"The gateway has had {peak} bytes.");
        Console.WriteLine($"{lines} lines: {peak / 1024 / 1024} MiB at most.\n{output}");
        gateway.AssertNoErrors();
    }

    // In another order the requests that are read after the kill have to fit those that were stored before.
    [InteropTheory(Tool.Node, Tool.OpenAiPackages)]
    [InlineData("None")]
    [InlineData("ModelAndPrompt")]
    public async Task Batches_GatewayKilled_GoOn(string groupBy)
    {
        await using var model = await ModelServer.StartAsync();
        await using var gateway = await StartAsync(model.Address, ("Batch:Dialects:OpenAI:GroupBy", groupBy));
        var address = new Uri(gateway.Address).Authority;
        var ids = Ids().Match(await RunAsync("killed.mjs", address, "submit"));
        await gateway.KillAsync();
        await gateway.RestartAsync();

        var output = await RunAsync("killed.mjs", address, "finish", ids.Groups[1].Value, ids.Groups[2].Value);
        Assert.Matches(@"(?m)^all 1 steps ok\r?$", output);
        gateway.AssertNoErrors();
    }

    [InteropFact(Tool.Node, Tool.OpenAiPackages)]
    public async Task Batches_TimeOver_AreExpired()
    {
        await using var model = await ModelServer.StartAsync();
        await using var gateway = await StartAsync(
            model.Address,
            ("Batch:Dialects:OpenAI:CompletionWindow", "00:00:20"),
            ("Batch:Dialects:OpenAI:OutputRetention", "00:00:30"));

        var output = await RunAsync("expired.mjs", new Uri(gateway.Address).Authority);
        Assert.Matches(@"(?m)^all 1 steps ok\r?$", output);
        gateway.AssertNoErrors();
    }

    [InteropFact(Tool.Node, Tool.OpenAiPackages)]
    public async Task Batches_OddOrTooLarge_AreRunOrSayWhy()
    {
        await using var model = await ModelServer.StartAsync();
        await using var gateway = await StartAsync(model.Address);

        var output = await RunAsync("odd.mjs", new Uri(gateway.Address).Authority);
        Assert.Matches(@"(?m)^all 6 steps ok\r?$", output);
        gateway.AssertNoErrors();
    }

    private string Port => server.ApiPort.ToString(CultureInfo.InvariantCulture);

    private static Task<GatewayProcess> StartAsync(string upstream, params (string Key, string Value)[] settings) =>
        GatewayProcess.StartAsync([("Batch:Upstream", upstream), ("Batch:Dialects:OpenAI:Enabled", "true"), .. settings]);

    private static async Task<string> RunAsync(string script, params string[] arguments)
    {
        var (exitCode, output) = await ExternalProgram.RunAsync(
            "node", [Path.Combine(Folders.Interop, "openai", script), .. arguments]);
        Assert.True(exitCode == 0, $"{script} ended with {exitCode}:\n{output}");
        return output;
    }

    [GeneratedRegex(@"^ids (\S+) (\S+)", RegexOptions.Multiline)]
    private static partial Regex Ids();
}
