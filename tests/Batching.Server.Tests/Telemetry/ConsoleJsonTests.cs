using System.Text.Json;
using Batching.Server.Tests.Infrastructure;

namespace Batching.Server.Tests.Telemetry;

/// <summary>One setting has the console write JSON that programs can use.</summary>
public sealed class ConsoleJsonTests
{
    [Fact]
    public async Task Console_FormatterIsJson_WritesLinesWithTimeAndScopes()
    {
        await using var api = await TestApi.StartAsync();
        using var data = new TemporaryDirectory();
        using var gateway = await GatewayProcess.StartAsync(new Dictionary<string, string>
        {
            ["Batch__Upstream"] = api.Address,
            ["Batch__DataDirectory"] = data.FullName,
            ["Logging__Console__FormatterName"] = "json",
            ["Logging__LogLevel__Microsoft.AspNetCore"] = "Information",
        });

        (await gateway.Rest.GetAsync(RestClient.BatchPath)).Success();

        await Eventually.BeTrueAsync(
            () => gateway.Output.Contains("Request finished", StringComparison.Ordinal), "the request is logged");
        var entries = gateway.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement)
            .ToList();
        Assert.All(entries, entry => Assert.EndsWith("Z", entry.GetProperty("Timestamp").GetString(), StringComparison.Ordinal));
        var request = entries.First(
            entry => entry.GetProperty("Message").GetString()!.StartsWith("Request starting", StringComparison.Ordinal));
        Assert.Contains(
            request.GetProperty("Scopes").EnumerateArray(),
            scope => scope.ValueKind == JsonValueKind.Object && scope.TryGetProperty("RequestPath", out _));
    }

    [Fact]
    public async Task Console_ScopesAreConfigured_AreAsConfigured()
    {
        await using var api = await TestApi.StartAsync();
        using var data = new TemporaryDirectory();
        using var gateway = await GatewayProcess.StartAsync(new Dictionary<string, string>
        {
            ["Batch__Upstream"] = api.Address,
            ["Batch__DataDirectory"] = data.FullName,
            ["Logging__Console__FormatterName"] = "json",
            ["Logging__Console__FormatterOptions__IncludeScopes"] = "false",
            ["Logging__Console__FormatterOptions__TimestampFormat"] = "HH ",
        });

        var entry = JsonDocument.Parse(gateway.Output.Split('\n')[0]).RootElement;

        Assert.Equal(3, entry.GetProperty("Timestamp").GetString()!.Length);
        Assert.False(entry.TryGetProperty("Scopes", out _));
    }
}
