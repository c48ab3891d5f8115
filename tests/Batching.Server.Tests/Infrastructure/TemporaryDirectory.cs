namespace Batching.Server.Tests.Infrastructure;

/// <summary>An empty directory that is deleted in the end.</summary>
public sealed class TemporaryDirectory : IDisposable
{
    public string FullName { get; } = Directory.CreateTempSubdirectory("batch-server-tests-").FullName;

    public void Dispose() => Directory.Delete(FullName, recursive: true);
}
