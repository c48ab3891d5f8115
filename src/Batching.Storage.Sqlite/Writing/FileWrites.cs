using Batching.Engine.Model;

namespace Batching.Storage.Sqlite.Writing;

/// <summary>The changes of files. Used on the writer's thread.</summary>
internal sealed class FileWrites(Statements statements, OwnerCounts owners, RowSweeper sweeper)
{
    private readonly Statement _stage = statements.Add(
        """
        INSERT INTO staged_batches (batch_key, request_bytes) VALUES ($key, $bytes)
        ON CONFLICT DO UPDATE SET request_bytes = request_bytes + excluded.request_bytes
        """,
        "$key", "$bytes");

    private readonly Statement _unstage =
        statements.Add("DELETE FROM staged_batches WHERE batch_key = $key RETURNING request_bytes", "$key");

    private readonly Statement _insertChunk = statements.Add(
        "INSERT INTO file_chunks (file_key, first_byte, data) VALUES ($key, $offset, $data)", "$key", "$offset", "$data");

    private readonly Statement _insert = statements.Add(
        """
        INSERT INTO files (file_key, owner, name, purpose, bytes, create_time_ms, expire_time_ms)
        VALUES ($key, $owner, $name, $purpose, $bytes, $created, $expires)
        """,
        "$key", "$owner", "$name", "$purpose", "$bytes", "$created", "$expires");

    private readonly Statement _delete =
        statements.Add("DELETE FROM files WHERE file_key = $key RETURNING owner, bytes", "$key");

    public void Stage(long fileKey, long offset, IReadOnlyList<byte[]> chunks)
    {
        _stage.Execute(fileKey, chunks.Sum(chunk => (long)chunk.Length));
        foreach (var chunk in chunks)
        {
            _insertChunk.Execute(fileKey, offset, chunk);
            offset += chunk.Length;
        }
    }

    public void Add(FileRecord file)
    {
        _unstage.Number(file.Key);
        _insert.Execute(
            file.Key,
            file.Owner,
            file.Name,
            file.Purpose,
            file.Bytes,
            file.CreateTime.ToUnixTimeMilliseconds(),
            file.ExpireTime.ToUnixTimeMilliseconds());
        owners.Add(file.Owner, 0, 0, file.Bytes);
    }

    public bool Delete(long fileKey)
    {
        var found = _unstage.Number(fileKey) is not null;
        using (var file = _delete.Query(fileKey))
        {
            if (file.Read())
            {
                owners.Add(file.GetText(0), 0, 0, -file.GetInt64(1));
                found = true;
            }
        }

        if (found)
        {
            sweeper.Begin(fileKey, SweepScope.Everything);
        }

        return found;
    }
}
