using Batching.Engine.Storage;

namespace Batching.Storage.Sqlite.Opening;

/// <summary>
/// The directory of the store, held for this process. The hold is a lock of the operating system on an open file,
/// so it ends with the process, however that ends.
/// </summary>
internal sealed class StoreDirectory : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly FileStream _lock;

    private StoreDirectory(string databasePath, FileStream @lock)
    {
        DatabasePath = databasePath;
        _lock = @lock;
    }

    public string DatabasePath { get; }

    /// <summary>The file that keeps room on the disk.</summary>
    public string ReservePath => Path.Combine(Path.GetDirectoryName(DatabasePath)!, "batch.reserve");

    /// <summary>Creates the directory if need be and takes hold of it.</summary>
    /// <exception cref="StoreUnusableException">Another process has it, or it can't be created or written.</exception>
    public static StoreDirectory Acquire(string directory)
    {
        var path = Path.GetFullPath(directory);
        try
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(path);
            }
            else
            {
                Directory.CreateDirectory(path, OwnerOnly | UnixFileMode.UserExecute);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreUnusableException(
                $"The data directory {path} can't be created. Create it, or configure another one.", e);
        }

        try
        {
            return new StoreDirectory(
                Path.Combine(path, "batch.db"),
                new FileStream(Path.Combine(path, "batch.lock"), Options(FileMode.OpenOrCreate)));
        }
        catch (UnauthorizedAccessException e)
        {
            throw new StoreUnusableException(
                $"The data directory {path} can't be written. Give this user the right to, or configure another one.",
                e);
        }
        catch (IOException e)
        {
            // .NET has no error of its own for a lock that is taken; its message tells that from the rarer causes.
            throw new StoreUnusableException(
                $"The data directory {path} is in use by another process, or can't be locked: {e.Message} Stop that "
                + "process, or configure another directory.",
                e);
        }
    }

    /// <summary>
    /// Creates an empty database file that only its owner may read; SQLite gives its log the same mode. Does nothing
    /// but set the mode if there is one.
    /// </summary>
    public void CreateDatabaseFile()
    {
        if (!File.Exists(DatabasePath))
        {
            new FileStream(DatabasePath, Options(FileMode.CreateNew)).Dispose();
        }
        else if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(DatabasePath, OwnerOnly);
        }
    }

    // The lock file stays: a process that has just opened it would otherwise lock a file that no longer has a name.
    public void Dispose() => _lock.Dispose();

    private static FileStreamOptions Options(FileMode mode)
    {
        var options = new FileStreamOptions
        {
            Mode = mode,
            Access = FileAccess.ReadWrite,
            Share = FileShare.None,
            BufferSize = 0,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        return options;
    }
}
