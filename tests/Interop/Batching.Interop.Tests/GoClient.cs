namespace Batching.Interop.Tests;

/// <summary>
/// Builds the client in Go with what Debian packages: without modules, and so without a network. The code for the
/// contract is generated first.
/// </summary>
internal static class GoClient
{
    private const string Packages =
        "golang-go, golang-google-grpc-dev, golang-github-golang-protobuf-1-5-dev, protobuf-compiler, libprotobuf-dev, "
        + "protoc-gen-go and protoc-gen-go-grpc";

    // Where Debian keeps the sources of libraries.
    private const string Libraries = "/usr/share/gocode";

    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "go");

    private static readonly string[] Contract =
        ["batch/v1/batch.proto", "batch/v1/batch_service.proto", "batch/v1/keyed_batch_service.proto", "batch/v1/webhook.proto"];

    private static readonly Lazy<Task<(string? Problem, string Program)>> Built = new(GenerateAndBuildAsync);

    /// <summary>The built program.</summary>
    /// <exception cref="InvalidOperationException">It can't be built.</exception>
    public static async Task<string> ProgramAsync()
    {
        var (problem, program) = await Built.Value;
        return problem is null ? program : throw new InvalidOperationException(problem);
    }

    /// <summary>Why there is no program, in one line; null if there is.</summary>
    public static async Task<string?> WhyMissingAsync() => (await Built.Value).Problem?.Split('\n')[0];

    /// <summary>Builds another program on the same generated code.</summary>
    /// <param name="name">The name of the program.</param>
    /// <param name="sources">Its files.</param>
    /// <exception cref="InvalidOperationException">It can't be built.</exception>
    public static async Task<string> BuildAsync(string name, IEnumerable<string> sources)
    {
        await ProgramAsync();
        var program = Path.Combine(Folder, name);
        var (exitCode, output) = await CompileAsync(program, sources);
        return exitCode == 0 ? program : throw new InvalidOperationException(output);
    }

    private static Task<(int ExitCode, string Output)> CompileAsync(string program, IEnumerable<string> sources) =>
        ExternalProgram.RunAsync(
            "go",
            ["build", "-o", program, .. sources],
            new Dictionary<string, string>
            {
                ["GO111MODULE"] = "off",
                ["GOFLAGS"] = "",
                ["GOPATH"] = $"{Folder}{Path.PathSeparator}{Libraries}",
            });

    private static async Task<(string? Problem, string Program)> GenerateAndBuildAsync()
    {
        var generated = Directory.CreateDirectory(Path.Combine(Folder, "src")).FullName;
        var program = Path.Combine(Folder, "client");

        // The contract names no Go package, as nobody needs one but this test.
        var (exitCode, output) = await ExternalProgram.RunAsync(
            "protoc",
            [
                $"-I{Folders.Protos}",
                $"--go_out={generated}",
                $"--go-grpc_out={generated}",
                .. Contract.SelectMany(file => new[]
                {
                    $"--go_opt=M{file}=batchgateway/batchv1",
                    $"--go-grpc_opt=M{file}=batchgateway/batchv1",
                }),
                .. Contract,
            ]);
        if (exitCode == 0)
        {
            (exitCode, output) = await CompileAsync(
                program, Directory.GetFiles(Path.Combine(Folders.Interop, "batch", "go"), "*.go"));
        }

        return (exitCode == 0 ? null : $"needs the Debian packages {Packages}; without them: {output.Trim()}", program);
    }
}
