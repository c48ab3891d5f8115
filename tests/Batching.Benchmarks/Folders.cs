using System.Reflection;

namespace Batching.Benchmarks;

/// <summary>Where the build found what the figures need.</summary>
internal static class Folders
{
    public static string Server { get; } = Metadata("ServerFolder");

    public static string Project { get; } = Metadata("ProjectFolder");

    private static string Metadata(string key) => Path.GetFullPath(
        typeof(Folders).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == key).Value!);
}
