using System.Text.Json;
using Batching.Engine.Configuration;
using Batching.Engine.Spawning;

namespace Batching.Engine.Tests.Spawning;

public sealed class PaginationPresetsTests
{
    [Fact]
    public void Presets_All_AreDocumentedWithTheirSource()
    {
        using var stream = typeof(PaginationPresets).Assembly.GetManifestResourceStream("presets.json")!;
        using var presets = JsonDocument.Parse(stream);
        var page = File.ReadAllText(FindPage());
        Assert.Equal(presets.RootElement.GetArrayLength(), PaginationPresets.Names.Count);
        Assert.All(presets.RootElement.EnumerateArray(), preset =>
        {
            Assert.Contains($"| `{preset.GetProperty("name").GetString()}` |", page, StringComparison.Ordinal);
            Assert.Contains($"]({preset.GetProperty("source").GetString()}) |", page, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void Preset_OfTheRequest_WinsOverTheConfigurationAndLosesToItsOwnMembers()
    {
        var options = new PaginationOptions { Preset = "github", LimitParam = "size" };

        Assert.Equal("size", PageRules.Of(options, null).LimitParam);
        Assert.Equal("n", PageRules.Of(options, new V1.Pagination { Preset = "docker" }).LimitParam);
        Assert.Equal("m", PageRules.Of(options, new V1.Pagination { Preset = "docker", LimitParam = "m" }).LimitParam);
    }

    private static string FindPage()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "docs", "spawners.md")))
        {
            folder = folder.Parent!;
        }

        return Path.Combine(folder.FullName, "docs", "spawners.md");
    }
}
