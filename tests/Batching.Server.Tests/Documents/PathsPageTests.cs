namespace Batching.Server.Tests.Documents;

/// <summary><c>docs/paths.md</c> has every RPC and every path that there is.</summary>
public sealed class PathsPageTests
{
    [Fact]
    public void OwnMethods_All_AreKnown() => Assert.All(PathsPage.OwnMethods, method => Assert.True(PathsPage.Knows(method), method.FullName));

    [Fact]
    public Task Page_OfPaths_IsWhatTheProtosSay() => GeneratedPage.AssertIsAsync("paths.md", PathsPage.Make());
}
