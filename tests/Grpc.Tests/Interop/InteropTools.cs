using System.Reflection;

namespace Grpc.Tests.Interop;

/// <summary>Finds the tools.</summary>
internal static class InteropTools
{
    public const string Python = "/usr/bin/python3";
    public const string GoPath = "/usr/share/gocode";

    public static string Folder { get; } = Path.GetFullPath(typeof(InteropTools).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(static attribute => attribute.Key == "InteropFolder").Value!);

    public static string Buf => Path.Combine(Folder, "node_modules", ".bin", "buf");

    /// <summary>Why a tool can't be used here, or null.</summary>
    public static string? WhyMissing(InteropTool tool) => tool switch
    {
        InteropTool.Node => OnPath("node") is null ? "Node.js is not installed" : WhyPackageMissing("@grpc/grpc-js"),
        InteropTool.Buf => OnPath("node") is null ? "Node.js is not installed" : WhyPackageMissing("@bufbuild/buf"),
        InteropTool.Python => Directory.Exists("/usr/lib/python3/dist-packages/grpc") && File.Exists(Python)
            ? null
            : "Debian's python3-grpcio is not installed",
        InteropTool.Go => OnPath("go") is not null && Directory.Exists(Path.Combine(GoPath, "src", "google.golang.org", "grpc"))
            ? null
            : "Debian's golang-go and golang-google-grpc-dev are not installed",
        _ => throw new ArgumentOutOfRangeException(nameof(tool)),
    };

    private static string? WhyPackageMissing(string package) =>
        Directory.Exists(Path.Combine(Folder, "node_modules", package))
            ? null
            : $"{package} is not installed: run \"npm ci\" in tests/Interop/grpc";

    private static string? OnPath(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, program))
        .FirstOrDefault(File.Exists);
}
