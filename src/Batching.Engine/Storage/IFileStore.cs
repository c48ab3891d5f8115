using Batching.Engine.Model;

namespace Batching.Engine.Storage;

/// <summary>
/// The files that batches are read from: a part of a store that keeps some, opened and closed with its
/// <see cref="IBatchStore"/>. What the files of an owner take counts in <see cref="IBatchStore.ReadUsageAsync"/>. Fails as
/// that does.
/// </summary>
public interface IFileStore
{
    /// <summary>The most bytes of one chunk.</summary>
    const int ChunkBytes = 64 * 1024;

    /// <summary>
    /// Stores the next bytes of a file that is not added yet. Nobody sees them before <see cref="AddFileAsync"/>; without it they
    /// are gone after <see cref="DeleteFileAsync"/>, or when the store is opened the next time.
    /// </summary>
    /// <param name="fileKey">A number that was reserved since the store was opened.</param>
    /// <param name="offset">The place of the first byte in the file.</param>
    /// <param name="chunks">The bytes, in order; each chunk has at least one and at most <see cref="ChunkBytes"/>.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    ValueTask StageFileAsync(
        long fileKey, long offset, IReadOnlyList<byte[]> chunks, CancellationToken cancellationToken);

    /// <summary>Adds a file whose bytes are staged.</summary>
    ValueTask AddFileAsync(FileRecord file, CancellationToken cancellationToken);

    /// <summary>Deletes a file, or what is staged of one.</summary>
    /// <returns>False if there was none.</returns>
    ValueTask<bool> DeleteFileAsync(long fileKey, CancellationToken cancellationToken);

    /// <summary>Finds a file of an owner; null if it isn't there or is somebody else's, in the same way for both.</summary>
    ValueTask<FileRecord?> FindFileAsync(string owner, long fileKey, CancellationToken cancellationToken);

    /// <summary>Lists the files of an owner, highest key first.</summary>
    /// <param name="owner">The owner.</param>
    /// <param name="beforeKey">Only those with a smaller key; <see cref="long.MaxValue"/> for all.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    ValueTask<IReadOnlyList<FileRecord>> ListFilesAsync(
        string owner, long beforeKey, int limit, CancellationToken cancellationToken);

    /// <summary>Lists files that are due for deletion, oldest first.</summary>
    ValueTask<IReadOnlyList<FileRecord>> ListFilesToDeleteAsync(
        DateTimeOffset now, int limit, CancellationToken cancellationToken);

    /// <summary>Reads a part of a file that was added: the rest of one chunk, as far as there is room for it.</summary>
    /// <param name="fileKey">The file.</param>
    /// <param name="offset">Where in the file to begin.</param>
    /// <param name="destination">Where the bytes go.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <returns>How many were read, 0 at the end of the file; null if there is no such file.</returns>
    ValueTask<int?> ReadFileAsync(
        long fileKey, long offset, Memory<byte> destination, CancellationToken cancellationToken);
}
