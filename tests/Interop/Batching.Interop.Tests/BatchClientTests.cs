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
    public Task Grpc_FromNode_Works(string scheme) =>
        ForeignClient.Script("node", "grpc-client.mjs").RunAsync(server, scheme, Folders.Protos);

    [InteropTheory(Tool.Node)]
    [InlineData("http")]
    [InlineData("https")]
    public Task RestV0_FromNode_Works(string scheme) =>
        ForeignClient.Script("node", "rest-client.mjs").RunAsync(server, scheme);

    [InteropTheory(Tool.Node)]
    [InlineData("http")]
    [InlineData("https")]
    public Task RestV1_FromNode_Works(string scheme) =>
        ForeignClient.Script("node", "rest-v1-client.mjs").RunAsync(server, scheme);

    [InteropTheory(Tool.Node, Tool.Buf)]
    [InlineData("http", "grpc")]
    [InlineData("https", "grpc")]
    [InlineData("http", "grpcweb")]
    [InlineData("https", "grpcweb")]
    public Task Reflection_FromBufCurl_Works(string scheme, string protocol) =>
        ForeignClient.Script("node", "buf-curl.mjs").RunAsync(server, scheme, Tools.Buf, protocol, Folders.Protos);

    [InteropTheory(Tool.Python)]
    [InlineData("http")]
    [InlineData("https")]
    public Task Grpc_FromPython_Works(string scheme) =>
        ForeignClient.Script(Tools.Python, "grpc_client.py").RunAsync(server, scheme, Folders.Protos);

    [InteropTheory(Tool.Go)]
    [InlineData("http")]
    [InlineData("https")]
    public async Task Grpc_FromGo_Works(string scheme) =>
        await new ForeignClient(await GoClient.ProgramAsync()).RunAsync(server, scheme);
}
