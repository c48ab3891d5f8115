using System.Globalization;

namespace Batching.Interop.Tests;

/// <summary>A client library that was written for another server, and is used as its package has it.</summary>
public sealed class KeyedBatchClientTests(StubbedServerProcess server) : IClassFixture<StubbedServerProcess>
{
    [InteropFact(Tool.Node, Tool.DeskproPackages)]
    public async Task FetchStorageAdapter_Batches_Work()
    {
        var address = await server.AddressAsync();
        var script = Path.Combine(Folders.Interop, "deskpro", "storage-adapter.mjs");
        var (exitCode, output) = await ExternalProgram.RunAsync(
            "node", script, address, server.ApiPort.ToString(CultureInfo.InvariantCulture));

        Assert.True(exitCode == 0, $"It ended with {exitCode}:\n{output}\nThe server said:\n{server.Output}");
        Assert.Matches(@"(?m)^all 4 steps ok\r?$", output);
        server.AssertNoErrors();
    }
}
