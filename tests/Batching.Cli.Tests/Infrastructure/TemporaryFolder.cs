namespace Batching.Cli.Tests.Infrastructure;

/// <summary>An empty folder that is deleted in the end.</summary>
public sealed class TemporaryFolder : IDisposable
{
    public string FullName { get; } = Directory.CreateTempSubdirectory("batch-cli-tests-").FullName;

    /// <summary>The path of a file in it.</summary>
    public string this[string name] => Path.Combine(FullName, name);

    /// <summary>Writes a file into it.</summary>
    /// <returns>Its path.</returns>
    public string Write(string name, string text)
    {
        File.WriteAllText(this[name], text);
        return this[name];
    }

    public void Dispose() => Directory.Delete(FullName, recursive: true);
}
