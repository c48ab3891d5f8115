namespace Batching.Interop.Tests;

/// <summary>
/// Clients with the limits they have by default, before results and submissions that are larger than their messages
/// may be: all is read byte for byte, and what was submitted is submitted once.
/// </summary>
public sealed class LargeMessageTests(LargeServerProcess server) : IClassFixture<LargeServerProcess>
{
    private const int Paths = 550;
    private const int PathLength = 7_900;

    [InteropTheory(Tool.Node, Tool.NodePackages)]
    [InlineData("http")]
    [InlineData("https")]
    public Task Grpc_FromNode_ReadsEveryByte(string scheme) =>
        RunAsync(scheme, ForeignClient.Script("node", "large-messages.mjs"), Folders.Protos);

    [InteropTheory(Tool.Python)]
    [InlineData("http")]
    [InlineData("https")]
    public Task Grpc_FromPython_ReadsEveryByte(string scheme) =>
        RunAsync(scheme, ForeignClient.Script(Tools.Python, "large_messages.py"), Folders.Protos);

    [InteropTheory(Tool.Go)]
    [InlineData("http")]
    [InlineData("https")]
    public async Task Grpc_FromGo_ReadsEveryByte(string scheme) =>
        await RunAsync(scheme, new ForeignClient(await GoClient.ProgramAsync()));

    private async Task RunAsync(string scheme, ForeignClient client, params string[] arguments)
    {
        server.Api.TakePaths();
        await client.RunAsync(server, scheme, [.. arguments, .. LargeApi.Expected]);

        // A client that could not read the reply would have submitted them again.
        var paths = server.Api.TakePaths();
        Assert.All(paths, path => Assert.Equal(PathLength, path.Length));
        Assert.Equal(Paths, paths.Count);
        Assert.Equal(Paths, paths.Distinct().Count());
    }
}
