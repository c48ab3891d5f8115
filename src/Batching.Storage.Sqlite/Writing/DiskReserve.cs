namespace Batching.Storage.Sqlite.Writing;

/// <summary>
/// Room on the disk that is kept for what frees room: a file beside the database, given up when the disk is full. A
/// deletion has to be logged, and the log to be copied, before anything of it is free again. Used on the writer's
/// thread.
/// </summary>
internal sealed class DiskReserve(string path)
{
    // As much as the log holds before it is copied; never more than a share of what is left, so that a small disk
    // keeps room to work with.
    private const long MaxBytes = (long)StoreConnection.CheckpointPages * StoreConnection.PageSize;
    private const long MinBytes = 1024 * 1024;
    private const int ShareOfFree = 8;

    private long _wanted;

    /// <summary>Whether the room is there to be given up.</summary>
    public bool IsHeld { get; private set; }

    /// <summary>Takes the room, if it isn't held; false if the disk has not enough.</summary>
    public bool TryClaim()
    {
        if (IsHeld)
        {
            return true;
        }

        try
        {
            Delete();
            var free = new DriveInfo(Path.GetDirectoryName(path)!).AvailableFreeSpace;
            if (_wanted == 0)
            {
                _wanted = Math.Clamp(free / ShareOfFree, MinBytes, MaxBytes);
            }

            // All of it, even where nothing is left then: what it was given up for must not be used up by the rest.
            var bytes = Math.Min(_wanted, free);
            if (bytes < MinBytes)
            {
                return false;
            }

            var options = new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                Share = FileShare.None,
                BufferSize = 0,
                PreallocationSize = bytes,
            };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            new FileStream(path, options).Dispose();
            return IsHeld = true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return false;
        }
    }

    /// <summary>Gives the room up.</summary>
    public void Release()
    {
        IsHeld = false;
        try
        {
            if (new FileInfo(path) is { Exists: true } file)
            {
                _wanted = Math.Clamp(file.Length, _wanted, MaxBytes);
            }

            Delete();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Then there is no more room than before.
        }
    }

    private void Delete() => File.Delete(path);
}
