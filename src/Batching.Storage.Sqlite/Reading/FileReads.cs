using Batching.Engine.Model;

namespace Batching.Storage.Sqlite.Reading;

/// <summary>The queries for files. Used by one reader at a time.</summary>
internal sealed class FileReads(Statements statements)
{
    private const string Columns = "file_key, owner, name, purpose, bytes, create_time_ms, expire_time_ms";

    // By the owner's index, which a file of another owner is as much missing from as one that isn't there.
    internal const string FindSql =
        $"SELECT {Columns} FROM files INDEXED BY files_by_owner WHERE owner = $owner AND file_key = $key";

    internal const string ListSql =
        $"""
        SELECT {Columns} FROM files WHERE owner = $owner AND file_key < $before
        ORDER BY file_key DESC LIMIT $limit
        """;

    internal const string ListToDeleteSql =
        $"""
        SELECT {Columns} FROM files WHERE expire_time_ms <= $now
        ORDER BY expire_time_ms, file_key LIMIT $limit
        """;

    // A chunk of a file that is deleted may still be there, and one of a file that is not complete already.
    internal const string ReadSql =
        """
        SELECT first_byte, data FROM file_chunks
        WHERE chunk_id = (SELECT chunk_id FROM file_chunks
                          WHERE file_key = $key AND first_byte <= $offset ORDER BY first_byte DESC LIMIT 1)
        """;

    internal const string ExistsSql = "SELECT 1 FROM files WHERE file_key = $key";

    private readonly Statement _find = statements.Add(FindSql, "$owner", "$key");
    private readonly Statement _list = statements.Add(ListSql, "$owner", "$before", "$limit");
    private readonly Statement _listToDelete = statements.Add(ListToDeleteSql, "$now", "$limit");
    private readonly Statement _read = statements.Add(ReadSql, "$key", "$offset");
    private readonly Statement _exists = statements.Add(ExistsSql, "$key");

    public FileRecord? Find(string owner, long fileKey) => All(_find.Query(owner, fileKey)).FirstOrDefault();

    public IReadOnlyList<FileRecord> List(string owner, long beforeKey, int limit) =>
        All(_list.Query(owner, beforeKey, limit));

    public IReadOnlyList<FileRecord> ListToDelete(DateTimeOffset now, int limit) =>
        All(_listToDelete.Query(now.ToUnixTimeMilliseconds(), limit));

    public int? Read(long fileKey, long offset, Span<byte> destination)
    {
        // Holds the snapshot in which the chunks are there.
        using var file = _exists.Query(fileKey);
        if (!file.Read())
        {
            return null;
        }

        using var reader = _read.Query(fileKey, offset);
        if (!reader.Read())
        {
            return 0;
        }

        var chunk = reader.GetBlob(1);
        var from = (int)Math.Min(offset - reader.GetInt64(0), chunk.Length);
        var count = Math.Min(chunk.Length - from, destination.Length);
        chunk.AsSpan(from, count).CopyTo(destination);
        return count;
    }

    private static List<FileRecord> All(Statement.Rows reader)
    {
        using (reader)
        {
            var files = new List<FileRecord>();
            while (reader.Read())
            {
                files.Add(new FileRecord
                {
                    Key = reader.GetInt64(0),
                    Owner = reader.GetText(1),
                    Name = reader.GetText(2),
                    Purpose = reader.GetText(3),
                    Bytes = reader.GetInt64(4),
                    CreateTime = reader.GetTime(5),
                    ExpireTime = reader.GetTime(6),
                });
            }

            return files;
        }
    }
}
