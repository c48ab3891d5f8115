using System.Buffers.Binary;
using System.Text;
using Batching.Engine.Model;
using Batching.Engine.Storage;
using Batching.Storage.Postgres.Opening;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Batching.Storage.Postgres.Reading;

/// <summary>
/// Reads, each by one statement on a connection of the pool. Every statement goes through <c>batches</c>: rows of a deleted batch,
/// or payloads of an expired one, may still be there, and those of a batch that isn't accepted yet already; they don't count.
/// Thread-safe.
/// </summary>
/// <remarks>Longer than other files: all queries stand in <see cref="ReadSql"/>, and all reads of them here, one below the other.</remarks>
internal sealed class StoreReader(Database database, ILogger logger)
{
    private volatile bool _isFailing;

    public async ValueTask<BatchRecord?> FindBatchAsync(long batchKey, CancellationToken cancellationToken) =>
        (await ListAsync(ReadSql.FindBatch, ToBatch, cancellationToken, Sql.Of(batchKey))).FirstOrDefault();

    public async ValueTask<BatchRecord?> FindBatchAsync(string owner, long batchKey, CancellationToken cancellationToken) =>
        (await ListAsync(ReadSql.FindOwnedBatch, ToBatch, cancellationToken, OfOwner(owner), Sql.Of(batchKey))).FirstOrDefault();

    public async ValueTask<OwnerUsage> ReadUsageAsync(string owner, CancellationToken cancellationToken) =>
        (await ListAsync(
            ReadSql.ReadUsage,
            static reader => new OwnerUsage(reader.GetInt32(0), reader.GetInt64(1), reader.GetInt64(2)),
            cancellationToken,
            OfOwner(owner))).FirstOrDefault();

    public async ValueTask<StoreTotals?> ReadTotalsAsync(DateTimeOffset now, CancellationToken cancellationToken) =>
        (await ListAsync(
            ReadSql.CountBatches,
            static reader => new StoreTotals(
                reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4), 0, MaxBytes: null),
            cancellationToken,
            Sql.Of(now.ToUnixTimeMilliseconds()))).FirstOrDefault();

    public async ValueTask<IReadOnlyList<BatchRecord>> ListBatchesAsync(
        string owner, long beforeKey, int limit, CancellationToken cancellationToken) =>
        await ListAsync(
            ReadSql.ListBatches, ToBatch, cancellationToken, OfOwner(owner), Sql.Of(beforeKey), Sql.Of(limit));

    public async ValueTask<IReadOnlyList<BatchRecord>> ListUnfinishedAsync(
        long afterKey, int limit, CancellationToken cancellationToken) =>
        await ListAsync(ReadSql.ListUnfinished, ToBatch, cancellationToken, Sql.Of(afterKey), Sql.Of(limit));

    public async ValueTask<IReadOnlyList<BatchRecord>> ListToExpireAsync(
        DateTimeOffset now, int limit, CancellationToken cancellationToken) =>
        await ListAsync(
            ReadSql.ListToExpire, ToBatch, cancellationToken, Sql.Of(now.ToUnixTimeMilliseconds()), Sql.Of(limit));

    public async ValueTask<IReadOnlyList<BatchRecord>> ListToDeleteAsync(
        DateTimeOffset now, int limit, CancellationToken cancellationToken) =>
        await ListAsync(
            ReadSql.ListToDelete, ToBatch, cancellationToken, Sql.Of(now.ToUnixTimeMilliseconds()), Sql.Of(limit));

    public async ValueTask<RequestWindow?> ReadWindowAsync(long batchKey, int index, CancellationToken cancellationToken) =>
        (await ListAsync(
            ReadSql.ReadWindow,
            static reader => new RequestWindow(reader.GetInt32(0), reader.GetInt32(1), reader.GetFieldValue<byte[]>(2)),
            cancellationToken,
            Sql.Of(batchKey),
            Sql.Of(index))).FirstOrDefault();

    public async ValueTask<ResultSegment?> ReadSegmentAsync(long batchKey, int position, CancellationToken cancellationToken) =>
        (await ListAsync(
            ReadSql.ReadSegment,
            static reader => new ResultSegment(
                reader.GetInt32(0), reader.GetFieldValue<byte[]>(1), BytesOrNull(reader, 2)),
            cancellationToken,
            Sql.Of(batchKey),
            Sql.Of(position))).FirstOrDefault();

    public async ValueTask<int?> ReadPayloadAsync(
        long batchKey, int position, int offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        var parts = await ListAsync(
            ReadSql.ReadPayload,
            static reader => reader.GetFieldValue<byte[]>(0),
            cancellationToken,
            Sql.Of(batchKey),
            Sql.Of(position),
            Sql.Of(offset),
            Sql.Of(destination.Length));
        if (parts is not [var part])
        {
            return null;
        }

        part.CopyTo(destination);
        return part.Length;
    }

    public async ValueTask<IReadOnlyList<ResultSegment>> ReadEntriesAsync(
        long batchKey, int fromPosition, int limit, CancellationToken cancellationToken) =>
        await ListAsync(
            ReadSql.ReadEntries,
            static reader => new ResultSegment(reader.GetInt32(0), reader.GetFieldValue<byte[]>(1), payload: null),
            cancellationToken,
            Sql.Of(batchKey),
            Sql.Of(fromPosition),
            Sql.Of(limit));

    public async ValueTask<IReadOnlyList<int>> ListStartedAsync(long batchKey, CancellationToken cancellationToken)
    {
        var indexes = new HashSet<int>();
        foreach (var encoded in await ListAsync(
            ReadSql.ListStarted, static reader => reader.GetFieldValue<byte[]>(0), cancellationToken, Sql.Of(batchKey)))
        {
            for (var i = 0; i < encoded.Length; i += sizeof(int))
            {
                indexes.Add(BinaryPrimitives.ReadInt32LittleEndian(encoded.AsSpan(i)));
            }
        }

        return [.. indexes];
    }

    /// <summary>Reads secrets, encrypted as they are, with their names.</summary>
    public async ValueTask<IReadOnlyList<(string Name, byte[] Value)>> ListSecretsAsync(
        string prefix, CancellationToken cancellationToken) =>
        await ListAsync(
            ReadSql.ListSecrets,
            static reader => (reader.GetString(0), reader.GetFieldValue<byte[]>(1)),
            cancellationToken,
            Sql.Of(prefix));

    private static NpgsqlParameter OfOwner(string owner) => Sql.Of(Encoding.UTF8.GetBytes(owner));

    private static byte[]? BytesOrNull(NpgsqlDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : reader.GetFieldValue<byte[]>(column);

    private static BatchRecord ToBatch(NpgsqlDataReader reader) => new()
    {
        Key = reader.GetInt64(0),
        Owner = Encoding.UTF8.GetString(reader.GetFieldValue<byte[]>(1)),
        CreateTime = TimeOf(reader, 2),
        ExpireTime = TimeOf(reader, 3),
        DeleteTime = TimeOf(reader, 4),
        DoneTime = reader.IsDBNull(5) ? null : TimeOf(reader, 5),
        Capacity = reader.GetInt32(6),
        Total = reader.GetInt32(7),
        Finished = reader.GetInt32(8),
        Failed = reader.GetInt32(9),
        ResponseSize = reader.GetInt64(10),
        Received = reader.GetInt32(11),
        Cancelled = reader.GetBoolean(12),
        Expired = reader.GetBoolean(13),
        Credential = BytesOrNull(reader, 14),
        SpawnerPages = reader.GetInt32(15),
        Peer = reader.IsDBNull(16) ? null : reader.GetString(16),
        Trace = reader.IsDBNull(17) ? null : reader.GetString(17),
        Runs = NumberRuns.Decode(BytesOrNull(reader, 18)),
    };

    private static DateTimeOffset TimeOf(NpgsqlDataReader reader, int column) =>
        DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(column));

    private async Task<List<T>> ListAsync<T>(
        string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken, params NpgsqlParameter[] parameters)
    {
        try
        {
            return await TryListAsync(sql, read, parameters, cancellationToken);
        }
        catch (Exception e) when (PostgresFaults.IsFault(e) && !PostgresFaults.IsUndone(e))
        {
            // The connection may have died while it waited in the pool, and others with it.
            database.Clear();
        }
        catch (PostgresException e)
        {
            throw Fail(e);
        }

        try
        {
            var rows = await TryListAsync(sql, read, [.. parameters.Select(parameter => parameter.Clone())], cancellationToken);
            _isFailing = false;
            return rows;
        }
        catch (Exception e) when (PostgresFaults.IsFault(e))
        {
            throw Fail(e);
        }
    }

    private Exception Fail(Exception error)
    {
        if (!_isFailing)
        {
            // Once a fault, not once a read.
            _isFailing = true;
            PostgresStoreLog.StoreReadFailed(logger, PostgresFaults.NameOf(error), error);
        }

        return PostgresFaults.Translate(error);
    }

    // The token ends the wait for a connection only: a statement that is broken off costs the server more than one that ends.
    private async Task<List<T>> TryListAsync<T>(
        string sql, Func<NpgsqlDataReader, T> read, NpgsqlParameter[] parameters, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        await using var connection = await database.RentAsync(cancellationToken);
        await using var command = connection.Command(sql, parameters);
        await using var reader = await command.ExecuteReaderAsync(CancellationToken.None);
        var rows = new List<T>();
        while (await reader.ReadAsync(CancellationToken.None))
        {
            rows.Add(read(reader));
        }

        return rows;
    }
}
