namespace Batching.Interop.Tests.Examples;

/// <summary>The programs of <c>docs/grpc-clients.md</c>: each reads every result once, although its connection is cut in the middle of one.</summary>
public sealed class GrpcExampleTests(ServerProcess server) : IClassFixture<ServerProcess>
{
    private const int MostLines = 40;

    private static readonly string Folder = Path.Combine(Folders.Examples, "grpc");

    private static readonly string[] Sources = ["batch", "google"];

    private static readonly string[] Programs = ["client.py", "client.cjs", "go/main.go"];

    [InteropFact(Tool.Python, Tool.PythonStubs)]
    public async Task Python_ConnectionIsCut_GoesOn()
    {
        using var stubs = new TemporaryDirectory();
        var protos = Sources.SelectMany(folder => Directory.GetFiles(Path.Combine(Folders.Protos, folder), "*.proto", SearchOption.AllDirectories))
            .Select(file => Path.GetRelativePath(Folders.Protos, file));
        var (code, output) = await ExternalProgram.RunAsync(
            "protoc",
            [
                $"-I{Folders.Protos}", $"--python_out={stubs.FullName}", $"--grpc_python_out={stubs.FullName}",
                $"--plugin=protoc-gen-grpc_python={Tools.PythonPlugin}", .. protos,
            ],
            new Dictionary<string, string>());
        Assert.True(code == 0, output);

        await RunAsync(Tools.Python, [Path.Combine(Folder, "client.py")], ("PYTHONPATH", stubs.FullName), ("PYTHONDONTWRITEBYTECODE", "1"));
    }

    [InteropFact(Tool.Node, Tool.NodePackages)]
    public Task Node_ConnectionIsCut_GoesOn() => RunAsync(
        "node", [Path.Combine(Folder, "client.cjs")], ("NODE_PATH", Path.Combine(Folders.Interop, "batch", "node_modules")));

    [InteropFact(Tool.Go)]
    public async Task Go_ConnectionIsCut_GoesOn() =>
        await RunAsync(await GoClient.BuildAsync("example", [Path.Combine(Folder, "go", "main.go")]), []);

    [InteropFact(Tool.Node, Tool.NodePackages)]
    public async Task Node_RefusedBatch_SaysWhichFieldIsBad()
    {
        using var folder = new TemporaryDirectory();
        var program = Path.Combine(folder.FullName, "client.cjs");
        var text = await File.ReadAllTextAsync(Path.Combine(Folder, "client.cjs"));
        await File.WriteAllTextAsync(program, text
            .Replace("join(__dirname, '../../protos')", $"'{Folders.Protos}'", StringComparison.Ordinal)
            .Replace("sample/image.png", "http://elsewhere.example/", StringComparison.Ordinal));

        var (code, output) = await ExternalProgram.RunAsync(
            "node",
            [program, await server.AddressAsync()],
            new Dictionary<string, string> { ["NODE_PATH"] = Path.Combine(Folders.Interop, "batch", "node_modules") });

        Assert.NotEqual(0, code);
        Assert.Contains("refused: requests[1].path", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Programs_OfThePage_AreShort() => Assert.All(
        Programs, name => Assert.InRange(File.ReadLines(Path.Combine(Folder, name)).Count(), 10, MostLines));

    private async Task RunAsync(string program, string[] arguments, params (string Key, string Value)[] environment)
    {
        await using var proxy = CuttingTcpProxy.Start(await server.AddressAsync());

        var (code, output) = await ExternalProgram.RunAsync(
            program, [.. arguments, proxy.Address], environment.ToDictionary(pair => pair.Key, pair => pair.Value));

        Assert.True(code == 0, $"{program} ended with {code}:\n{output}\nThe server said:\n{server.Output}");
        string[] lines = [.. output.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0)];
        Assert.Matches("^batch [0-9]{16}$", lines[0]);
        Assert.Equal(
            ["result 1: status 200", "result 2: status 200", "result 3: status 200"],
            lines.Where(line => line.StartsWith("result", StringComparison.Ordinal)));
        Assert.Equal("done", lines[^1]);
        Assert.Equal(1, proxy.Cuts);
        server.AssertNoErrors();
    }
}
