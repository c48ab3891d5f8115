namespace Batching.Interop.Tests;

/// <summary>The OpenAPI document, read by a tool that others wrote.</summary>
public sealed class OpenApiTests
{
    [InteropFact(Tool.Redocly)]
    public async Task Document_LintedByRedocly_HasNothingToSayAgainst()
    {
        var (exitCode, output) = await ExternalProgram.RunAsync(
            Tools.Redocly,
            ["lint", Folders.OpenApiFile, "--config", Path.Combine(Folders.Interop, "openapi", "redocly.yaml")],

            // It would ask for its own newest version.
            new Dictionary<string, string> { ["REDOCLY_TELEMETRY"] = "off", ["REDOCLY_SUPPRESS_UPDATE_NOTICE"] = "true" });

        Assert.True(exitCode == 0, output);
    }
}
