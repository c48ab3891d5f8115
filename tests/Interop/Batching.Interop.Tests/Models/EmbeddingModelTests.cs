using System.Diagnostics;
using System.Globalization;
using Batching.Interop.Tests.Paged;

namespace Batching.Interop.Tests.Models;

/// <summary>
/// A model behind the gateway that is none of the tests' own: all-MiniLM-L6-v2, which a package ships, in ONNX Runtime. The client library of
/// OpenAI for Node.js runs batches of its embeddings.
/// </summary>
public sealed class EmbeddingModelTests
{
    [InteropFact(Tool.Node, Tool.OpenAiPackages, Tool.EmbeddingServer)]
    public async Task Batches_OfEmbeddings_AreWhatTheModelSays()
    {
        using var model = await PagedServer.StartAsync("/v1/models", static (port, _) => new ProcessStartInfo("dotnet", [Tools.EmbeddingServer])
        {
            Environment =
            {
                ["ASPNETCORE_URLS"] = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}"),
                ["Logging__LogLevel__Default"] = "Warning",
            },
        });
        await using var gateway = await GatewayProcess.StartAsync(
            ("Batch:Upstream", model.Address), ("Batch:Dialects:OpenAI:Enabled", "true"), ("Batch:Dialects:OpenAI:GroupBy", "ModelAndPrompt"));
        var (exitCode, output) = await ExternalProgram.RunAsync(
            "node", Path.Combine(Folders.Interop, "openai", "embeddings.mjs"), new Uri(gateway.Address).Authority, model.Address);
        Assert.True(exitCode == 0, output);
        Assert.Matches(@"(?m)^all 3 steps ok\r?$", output);
        gateway.AssertNoErrors();
    }
}
