using System.Reflection;

namespace Batching.CrashTests.Processes;

/// <summary>Where the programs are.</summary>
internal static class Folders
{
    /// <summary>The server that was built with the tests, or the one in the folder that <c>BATCH_CRASH_SERVER</c> names.</summary>
    public static string Server { get; } = Path.GetFullPath(Path.Combine(
        Environment.GetEnvironmentVariable("BATCH_CRASH_SERVER") is { Length: > 0 } folder
            ? folder
            : typeof(Folders).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
                .Single(metadata => metadata.Key == "ServerFolder").Value!,
        "Batching.Server.dll"));

    public static string Upstream { get; } =
        Path.Combine(AppContext.BaseDirectory, "Batching.CrashTests.Upstream.dll");
}
