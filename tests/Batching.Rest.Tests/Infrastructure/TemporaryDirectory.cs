namespace Batching.Rest.Tests.Infrastructure;

/// <summary>An empty directory that is deleted in the end.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    public string FullName { get; } = Directory.CreateTempSubdirectory("batch-rest-tests-").FullName;

    public void Dispose() => Directory.Delete(FullName, recursive: true);
}
