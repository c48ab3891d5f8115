namespace Batching.Testing;

/// <summary>An empty directory that is deleted in the end.</summary>
public sealed class TemporaryDirectory : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("batch-tests-");

    public string FullName => _directory.FullName;

    /// <summary>Copies the files of a store as a crash would leave them: without closing anything.</summary>
    public TemporaryDirectory CopyStore()
    {
        var copy = new TemporaryDirectory();
        foreach (var file in _directory.GetFiles("batch.db*"))
        {
            // SQLite rebuilds its shared memory from the log.
            if (!file.Name.EndsWith("-shm", StringComparison.Ordinal))
            {
                // The store holds no lock that keeps others from reading.
                using var source = new FileStream(file.FullName, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
                using var target = File.Create(Path.Combine(copy.FullName, file.Name));
                source.CopyTo(target);
            }
        }

        return copy;
    }

    public void Dispose() => _directory.Delete(recursive: true);
}
