using System.Reflection;

namespace Batching.Interop.Tests;

/// <summary>Where the build found what the tests run.</summary>
internal static class Folders
{
    /// <summary><c>docs</c>, with the examples that people copy.</summary>
    public static string Docs { get; } = Metadata("DocsFolder");

    /// <summary>The root of the sources.</summary>
    public static string Root { get; } = Path.TrimEndingDirectorySeparator(Metadata("RootFolder"));

    /// <summary>The command line, built.</summary>
    public static string CliFile { get; } = Metadata("CliFile");

    /// <summary><c>deploy</c>, with the unit of systemd.</summary>
    public static string Deploy { get; } = Metadata("DeployFolder");

    /// <summary><c>examples</c>, with the programs that people begin with.</summary>
    public static string Examples { get; } = Metadata("ExamplesFolder");

    public static string Protos { get; } = Metadata("ProtosFolder");

    /// <summary><c>tests/Interop</c>, with the clients and their packages.</summary>
    public static string Interop { get; } = Metadata("InteropFolder");

    /// <summary>The OpenAPI document that the server brings.</summary>
    public static string OpenApiFile { get; } = Metadata("OpenApiFile");

    private static string Metadata(string key) => Path.GetFullPath(
        typeof(Folders).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == key).Value!);
}
