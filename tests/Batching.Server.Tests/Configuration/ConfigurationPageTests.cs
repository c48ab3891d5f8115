using Batching.Server.Configuration;
using Batching.Server.Tests.Documents;

namespace Batching.Server.Tests.Configuration;

/// <summary>
/// <c>docs/configuration.md</c> says what the options classes say. With <c>BATCH_WRITE_DOCS=1</c> the page is written instead.
/// </summary>
public sealed class ConfigurationPageTests
{
    [Fact]
    public Task Page_OfTheConfiguration_IsWhatTheOptionsSay() =>
        GeneratedPage.AssertIsAsync("configuration.md", ConfigurationPage.Make());

    [Fact]
    public void Make_EveryKey_HasOneRow()
    {
        var rows = ConfigurationPage.Make().Split('\n')
            .Where(line => line.StartsWith("| `Batch:", StringComparison.Ordinal))
            .Select(line => line.Split('`')[1]);

        Assert.Equal(KnownKey.All.Select(key => key.Path).Order(StringComparer.Ordinal), rows.Order(StringComparer.Ordinal));
    }
}
