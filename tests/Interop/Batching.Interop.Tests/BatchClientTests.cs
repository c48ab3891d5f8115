namespace Batching.Interop.Tests;

/// <summary>
/// Real clients against the server process, in cleartext and over TLS. Each runs the same story: submit a mixed
/// batch, poll, fetch, stream and resume, cancel, list, delete, be refused, and be somebody else.
/// </summary>
public sealed class BatchClientTests(ServerProcess server) : IClassFixture<ServerProcess>
{
    [InteropTheory(Tool.Node, Tool.NodePackages)]
    [InlineData("http")]
    [InlineData("https")]
    public Task Grpc_FromNode_Works(string scheme) => RunScriptAsync(scheme, "node", "grpc-client.mjs", Folders.Protos);

    [InteropTheory(Tool.Node)]
    [InlineData("http")]
    [InlineData("https")]
    public Task RestV0_FromNode_Works(string scheme) => RunScriptAsync(scheme, "node", "rest-client.mjs");

    [InteropTheory(Tool.Node)]
    [InlineData("http")]
    [InlineData("https")]
    public Task RestV1_FromNode_Works(string scheme) => RunScriptAsync(scheme, "node", "rest-v1-client.mjs");

    [InteropTheory(Tool.Node, Tool.Buf)]
    [InlineData("http", "grpc")]
    [InlineData("https", "grpc")]
    [InlineData("http", "grpcweb")]
    [InlineData("https", "grpcweb")]
    public Task Reflection_FromBufCurl_Works(string scheme, string protocol) =>
        RunScriptAsync(scheme, "node", "buf-curl.mjs", Tools.Buf, protocol, Folders.Protos);

    [InteropTheory(Tool.Python)]
    [InlineData("http")]
    [InlineData("https")]
    public Task Grpc_FromPython_Works(string scheme) =>
        RunScriptAsync(scheme, Tools.Python, "grpc_client.py", Folders.Protos);

    [InteropTheory(Tool.Go)]
    [InlineData("http")]
    [InlineData("https")]
    public async Task Grpc_FromGo_Works(string scheme) => await RunAsync(scheme, await GoClient.ProgramAsync());

    private Task RunScriptAsync(string scheme, string interpreter, string script, params string[] arguments) =>
        RunAsync(scheme, interpreter, [Path.Combine(Folders.Interop, "batch", script)], arguments);

    private Task RunAsync(string scheme, string program) => RunAsync(scheme, program, [], []);

    private async Task RunAsync(string scheme, string program, string[] script, string[] arguments)
    {
        var endpoint = await server.EndpointAsync(scheme);
        var (exitCode, output) = await ExternalProgram.RunAsync(
            program,
            [.. script, endpoint.Address, .. arguments],
            new Dictionary<string, string>
            {
                // Node's own fetch knows no other way to trust an authority.
                ["NODE_EXTRA_CA_CERTS"] = endpoint.RootFile,
                ["INTEROP_ROOT"] = endpoint.RootFile,

                // A script leaves nothing behind in the sources.
                ["PYTHONDONTWRITEBYTECODE"] = "1",
            });

        Assert.True(exitCode == 0, $"{program} ended with {exitCode}:\n{output}\nThe server said:\n{server.Output}");
        Assert.Matches(@"(?m)^all \d+ steps ok\r?$", output);
        Assert.Empty(server.Errors);
    }
}
