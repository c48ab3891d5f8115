namespace Batching.Server.Tests.Documents;

/// <summary>The batches in <c>docs/dependencies.md</c> run, and end as the page says.</summary>
public sealed class DependenciesPageTests
{
    // The requests that don't end with 200, by their keys.
    private static readonly Dictionary<string, int> Others = new() { ["try"] = 404, ["next"] = 424, ["create"] = 201 };

    [Fact]
    public async Task Examples_All_EndAsThePageSays() =>
        Assert.NotEmpty(await BatchExamples.RunAsync("dependencies.md", atLeast: 4, Others));
}
