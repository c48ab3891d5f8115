using System.Reflection;

namespace Batching.Interop.Tests;

/// <summary>Where the build found what the tests run.</summary>
internal static class Folders
{
    /// <summary>The folder of the built server.</summary>
    public static string Server { get; } = Metadata("ServerFolder");

    /// <summary><c>docs</c>, with the examples that people copy.</summary>
    public static string Docs { get; } = Metadata("DocsFolder");

    public static string Protos { get; } = Metadata("ProtosFolder");

    /// <summary><c>tests/Interop</c>, with the clients and their packages.</summary>
    public static string Interop { get; } = Metadata("InteropFolder");

    /// <summary>The OpenAPI document that the server brings.</summary>
    public static string OpenApiFile { get; } = Metadata("OpenApiFile");

    private static string Metadata(string key) => Path.GetFullPath(
        typeof(Folders).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == key).Value!);
}
