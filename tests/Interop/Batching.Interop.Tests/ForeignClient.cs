namespace Batching.Interop.Tests;

/// <summary>A client in another language: a story of steps, of which all have to succeed.</summary>
/// <param name="program">What is started.</param>
/// <param name="script">What it interprets, if it is an interpreter.</param>
internal sealed class ForeignClient(string program, params string[] script)
{
    /// <summary>A client of <c>tests/Interop/batch</c>.</summary>
    public static ForeignClient Script(string interpreter, string name) =>
        new(interpreter, Path.Combine(Folders.Interop, "batch", name));

    /// <summary>Tells the whole story to a server, whose log must not have an error afterwards.</summary>
    /// <param name="server">The server.</param>
    /// <param name="scheme"><c>http</c> or <c>https</c>.</param>
    /// <param name="arguments">What the client is given beside the server's address.</param>
    public async Task RunAsync(ServerProcess server, string scheme, params IEnumerable<string> arguments)
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
        server.AssertNoErrors();
    }
}
