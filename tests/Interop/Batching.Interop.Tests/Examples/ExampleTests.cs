namespace Batching.Interop.Tests.Examples;

/// <summary>The examples that people begin with: each submits a batch, and goes on with its stream where that was cut.</summary>
public sealed class ExampleTests(ServerProcess server) : IClassFixture<ServerProcess>
{
    private const int MostLines = 60;

    [InteropFact(Tool.Node)]
    public Task Node_StreamIsCut_GoesOn() => RunAsync("node", "node.mjs");

    [InteropFact(Tool.Python)]
    public Task Python_StreamIsCut_GoesOn() => RunAsync(Tools.Python, "python.py");

    [InteropFact(Tool.Curl)]
    public Task Curl_StreamIsCut_GoesOn() => RunAsync("bash", "curl.sh");

    [InteropFact(Tool.Go)]
    public Task Go_StreamIsCut_GoesOn() => RunAsync("go", "run", "go/main.go");

    [Fact]
    public Task CSharp_StreamIsCut_GoesOn() => RunAsync("dotnet", "run", "csharp.cs");

    [Fact]
    public void Examples_AreShort() => Assert.All(
        Directory.GetFiles(Folders.Examples, "*", SearchOption.AllDirectories).Where(file => !file.EndsWith(".md", StringComparison.Ordinal)),
        file => Assert.InRange(File.ReadLines(file).Count(), 10, MostLines));

    private async Task RunAsync(string program, params string[] command)
    {
        await using var proxy = await CuttingProxy.StartAsync(await server.AddressAsync());

        var (code, output) = await ExternalProgram.RunAsync(
            program,
            [.. command[..^1], Path.Combine(Folders.Examples, command[^1]), proxy.Address],
            new Dictionary<string, string> { ["GO111MODULE"] = "off", ["PYTHONDONTWRITEBYTECODE"] = "1" });

        Assert.True(code == 0, $"{program} ended with {code}:\n{output}\nThe server said:\n{server.Output}");
        string[] lines = [.. output.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0)];
        Assert.Matches("^batch [0-9]{16}$", lines[0]);
        Assert.Equal(
            ["result 1: status 200", "result 2: status 200", "result 3: status 200"],
            lines.Where(line => line.StartsWith("result", StringComparison.Ordinal)));
        Assert.Equal("done", lines[^1]);
        Assert.True(proxy.Streams.Take(2).SequenceEqual(["?after=0", "?after=1"]), $"{string.Join(',', proxy.Streams)}\n{output}");
        server.AssertNoErrors();
    }
}
