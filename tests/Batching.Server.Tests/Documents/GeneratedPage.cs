namespace Batching.Server.Tests.Documents;

/// <summary>A page below <c>docs</c> that is made from the code. With <c>BATCH_WRITE_DOCS=1</c> it is written instead.</summary>
internal static class GeneratedPage
{
    /// <summary>Fails if a page is not what it should be.</summary>
    /// <param name="name">The name of its file.</param>
    /// <param name="made">What it should be.</param>
    public static async Task AssertIsAsync(string name, string made)
    {
        var path = Path.Combine(Repository.Root, "docs", name);
        if (Environment.GetEnvironmentVariable("BATCH_WRITE_DOCS") == "1")
        {
            await File.WriteAllTextAsync(path, made);
        }

        var written = File.Exists(path) ? await File.ReadAllTextAsync(path) : "";
        Assert.True(
            made == written,
            $"docs/{name} is stale. Write it with BATCH_WRITE_DOCS=1 and look at what changes. The first line that differs "
            + $"should be: {FirstDifference(made.Split('\n'), written.Split('\n'))}");
    }

    private static string FirstDifference(string[] made, string[] written) =>
        made.Where((line, i) => i >= written.Length || written[i] != line).FirstOrDefault("(nothing: there are lines too many)");
}
