namespace Batching.Engine.Tests.Infrastructure;

/// <summary>The files that this project was built from.</summary>
internal static class Repository
{
    /// <summary>The folder with <c>Batch.sln</c>.</summary>
    public static string Root { get; } = FindRoot(new DirectoryInfo(AppContext.BaseDirectory));

    private static string FindRoot(DirectoryInfo folder) =>
        File.Exists(Path.Combine(folder.FullName, "Batch.sln")) ? folder.FullName : FindRoot(folder.Parent!);
}
