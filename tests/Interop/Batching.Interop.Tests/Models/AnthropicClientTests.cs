using System.Globalization;
using System.Text.RegularExpressions;

namespace Batching.Interop.Tests.Models;

/// <summary>The client library that Anthropic has for Node.js, as its package has it.</summary>
public sealed partial class AnthropicClientTests(ModelGateway server) : IClassFixture<ModelGateway>
{
    [InteropFact(Tool.Node, Tool.AnthropicPackages)]
    public async Task Batches_WholeLife_Work()
    {
        var output = await RunAsync(
            "batches.mjs", await server.AddressAsync(), server.ApiPort.ToString(CultureInfo.InvariantCulture));

        Assert.Matches(@"(?m)^all 10 steps ok\r?$", output);
        server.AssertNoErrors();
    }

    [InteropFact(Tool.Node, Tool.AnthropicPackages)]
    public async Task Batches_GatewayKilled_GoOn()
    {
        await using var model = await ModelServer.StartAsync();
        await using var gateway = await StartAsync(model.Address);
        var id = await SubmitAsync(gateway, "300");
        await gateway.KillAsync();
        await gateway.RestartAsync();

        await FinishAsync(gateway, id, "succeeded");
    }

    [InteropFact(Tool.Node, Tool.AnthropicPackages)]
    public async Task Batches_TimeOver_AreExpired()
    {
        await using var model = await ModelServer.StartAsync();
        await using var gateway = await StartAsync(
            model.Address, ("Batch:Dialects:Anthropic:CompletionWindow", "00:00:20"));
        await FinishAsync(gateway, await SubmitAsync(gateway, "120000"), "expired");
    }

    private static Task<GatewayProcess> StartAsync(string upstream, params (string Key, string Value)[] settings) =>
        GatewayProcess.StartAsync([("Batch:Upstream", upstream), ("Batch:Dialects:Anthropic:Enabled", "true"), .. settings]);

    private static async Task<string> SubmitAsync(GatewayProcess gateway, string milliseconds) =>
        Id().Match(await RunAsync("lives.mjs", new Uri(gateway.Address).Authority, "submit", milliseconds)).Groups[1].Value;

    private static async Task FinishAsync(GatewayProcess gateway, string id, string type)
    {
        var output = await RunAsync("lives.mjs", new Uri(gateway.Address).Authority, "finish", id, type);
        Assert.Matches(@"(?m)^all 1 steps ok\r?$", output);
        gateway.AssertNoErrors();
    }

    private static async Task<string> RunAsync(string script, params string[] arguments)
    {
        var (exitCode, output) = await ExternalProgram.RunAsync(
            "node", [Path.Combine(Folders.Interop, "anthropic", script), .. arguments]);
        Assert.True(exitCode == 0, $"{script} ended with {exitCode}:\n{output}");
        return output;
    }

    [GeneratedRegex(@"^id (\S+)", RegexOptions.Multiline)]
    private static partial Regex Id();
}
