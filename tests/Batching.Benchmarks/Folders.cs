using System.Reflection;

namespace Batching.Benchmarks;

/// <summary>Where the build found what the figures need.</summary>
internal static class Folders
{
    /// <summary>The server that was built with the figures, unless BATCH_SERVER_FOLDER names another build of it.</summary>
    public static string Server { get; } =
        Environment.GetEnvironmentVariable("BATCH_SERVER_FOLDER") ?? Metadata("ServerFolder");

    public static string Project { get; } = Metadata("ProjectFolder");

    private static string Metadata(string key) => Path.GetFullPath(
        typeof(Folders).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == key).Value!);
}
