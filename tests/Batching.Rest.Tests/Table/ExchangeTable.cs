using System.Reflection;

namespace Batching.Rest.Tests.Table;

/// <summary>All files of the table.</summary>
internal static class ExchangeTable
{
    private const string Folder = "Exchanges";

    /// <summary>The files, in the order of their names.</summary>
    public static IReadOnlyList<ExchangeFile> Files { get; } =
    [
        .. Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, Folder), "*.txt")
            .Order(StringComparer.Ordinal)
            .Select(ExchangeFile.Read),
    ];

    /// <summary>The scenario of these names.</summary>
    public static Scenario Find(string file, string scenario) =>
        Files.Single(one => one.Name == file).Scenarios.Single(one => one.Name == scenario);

    /// <summary>
    /// Writes the replies that the exchanges have now to the files in the source tree, and to their copies beside the
    /// tests, so that the next run compares with them even if nothing is built before it.
    /// </summary>
    public static void Save()
    {
        foreach (var folder in (string[])[FindProject(), AppContext.BaseDirectory])
        {
            foreach (var file in Files)
            {
                File.WriteAllText(Path.Combine(folder, Folder, $"{file.Name}.txt"), file.Rewrite());
            }
        }
    }

    // The output stands somewhere below the project.
    private static string FindProject()
    {
        var project = $"{Assembly.GetExecutingAssembly().GetName().Name}.csproj";
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, project)))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"There is no {project} above {AppContext.BaseDirectory}.");
    }
}
