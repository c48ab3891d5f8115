namespace Batching.Interop.Tests;

/// <summary>
/// Real clients against the server process. Each runs the same story: submit a mixed batch, poll,
/// fetch, stream and resume, cancel, list, delete, be refused, and be somebody else.
/// </summary>
public sealed class BatchClientTests(ServerProcess server) : IClassFixture<ServerProcess>
{
    [InteropFact(Tool.Node, Tool.NodePackages)]
    public Task Grpc_FromNode_Works() => RunAsync("node", "grpc-client.mjs", Folders.Protos);

    [InteropFact(Tool.Node)]
    public Task Rest_FromNode_Works() => RunAsync("node", "rest-client.mjs");

    [InteropFact(Tool.Node, Tool.Buf)]
    public Task Reflection_FromBufCurl_Works() => RunAsync("node", "buf-curl.mjs", Tools.Buf);

    [InteropFact(Tool.Python)]
    public Task Grpc_FromPython_Works() => RunAsync(Tools.Python, "grpc_client.py", Folders.Protos);

    private async Task RunAsync(string interpreter, string script, params string[] arguments)
    {
        var address = await server.AddressAsync();
        var path = Path.Combine(Folders.Interop, "batch", script);
        var (exitCode, output) = await ExternalProgram.RunAsync(interpreter, [path, address, .. arguments]);

        Assert.True(exitCode == 0, $"{script} ended with {exitCode}:\n{output}\nThe server said:\n{server.Output}");
        Assert.Matches(@"(?m)^all \d+ steps ok\r?$", output);
        Assert.Empty(server.Errors);
    }
}
