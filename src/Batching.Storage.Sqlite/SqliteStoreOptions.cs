namespace Batching.Storage.Sqlite;

/// <summary>The place and the size of the embedded store.</summary>
public sealed class SqliteStoreOptions
{
    /// <summary>The least <see cref="MaxFileBytes"/> that is accepted: 1 MiB.</summary>
    public const long MinMaxFileBytes = 1024 * 1024;

    /// <summary>
    /// The directory that holds <c>batch.db</c>, its write-ahead log and a lock file. Created, for its owner only, if
    /// it isn't there. It belongs to one process at a time and must be on a local disk: SQLite's log needs shared
    /// memory, which network file systems lack. Default: <c>data</c>.
    /// </summary>
    public string Directory { get; set; } = "data";

    /// <summary>
    /// The size to which <c>batch.db</c> may grow, in bytes; the log beside it takes up to about 64 MiB more. At the bound the
    /// store refuses writes as it does on a full disk, until something has expired. At least
    /// <see cref="MinMaxFileBytes"/>. Default: null, as large as the disk.
    /// </summary>
    public long? MaxFileBytes { get; set; }

    internal IEnumerable<string> Validate()
    {
        if (string.IsNullOrWhiteSpace(Directory))
        {
            yield return $"{nameof(Directory)} must name a directory.";
        }

        if (MaxFileBytes < MinMaxFileBytes)
        {
            yield return $"{nameof(MaxFileBytes)} must be at least {MinMaxFileBytes}, or unset.";
        }
    }
}
