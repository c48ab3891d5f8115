using Batching.Server.Configuration;
using Batching.Server.Tests.Infrastructure;

namespace Batching.Server.Tests.Configuration;

/// <summary>
/// <c>docs/configuration.md</c> says what the options classes say. With <c>BATCH_WRITE_DOCS=1</c> the page is written instead.
/// </summary>
public sealed class ConfigurationPageTests
{
    private static readonly string Page = Path.Combine(Repository.Root, "docs", "configuration.md");

    [Fact]
    public async Task Page_OfTheConfiguration_IsWhatTheOptionsSay()
    {
        var made = ConfigurationPage.Make();
        if (Environment.GetEnvironmentVariable("BATCH_WRITE_DOCS") == "1")
        {
            await File.WriteAllTextAsync(Page, made);
        }

        var written = await File.ReadAllTextAsync(Page);
        Assert.True(
            made == written,
            "docs/configuration.md is stale. Write it with BATCH_WRITE_DOCS=1 and look at what changes. The first line that "
            + $"differs should be: {FirstDifference(made.Split('\n'), written.Split('\n'))}");
    }

    [Fact]
    public void Make_EveryKey_HasOneRow()
    {
        var rows = ConfigurationPage.Make().Split('\n')
            .Where(line => line.StartsWith("| `Batch:", StringComparison.Ordinal))
            .Select(line => line.Split('`')[1]);

        Assert.Equal(KnownKey.All.Select(key => key.Path).Order(StringComparer.Ordinal), rows.Order(StringComparer.Ordinal));
    }

    private static string FirstDifference(string[] made, string[] written) =>
        made.Where((line, i) => i >= written.Length || written[i] != line).FirstOrDefault("(nothing: there are lines too many)");
}
