using System.Buffers.Binary;
using Batching.Engine.Model;
using Batching.Engine.Storage;
using Batching.Storage.Postgres.Opening;
using Npgsql;

namespace Batching.Storage.Postgres.Reading;

/// <summary>
/// Reads, each by one statement on a connection of the pool. Every statement goes through <c>batches</c>: rows of a deleted batch,
/// or payloads of an expired one, may still be there, and those of a batch that isn't accepted yet already; they don't count.
/// Thread-safe.
/// </summary>
/// <remarks>Longer than other files: all queries stand in <see cref="ReadSql"/>, and all reads of them here, one below the other.</remarks>
internal sealed class StoreReader(RowReader rows)
{
    public async ValueTask<BatchRecord?> FindBatchAsync(long batchKey, CancellationToken cancellationToken) =>
        (await rows.ListAsync(ReadSql.FindBatch, ToBatch, cancellationToken, Sql.Of(batchKey))).FirstOrDefault();

    public async ValueTask<BatchRecord?> FindBatchAsync(string owner, long batchKey, CancellationToken cancellationToken) =>
        (await rows.ListAsync(ReadSql.FindOwnedBatch, ToBatch, cancellationToken, Sql.OfUtf8(owner), Sql.Of(batchKey))).FirstOrDefault();

    public async ValueTask<BatchRecord?> FindBatchAsync(
        string owner, string submissionKey, CancellationToken cancellationToken) =>
        (await rows.ListAsync(
            ReadSql.FindSubmission, ToBatch, cancellationToken, Sql.OfUtf8(owner), Sql.OfUtf8(submissionKey))).FirstOrDefault();

    public async ValueTask<OwnerUsage> ReadUsageAsync(string owner, CancellationToken cancellationToken) =>
        (await rows.ListAsync(
            ReadSql.ReadUsage,
            static reader => new OwnerUsage(reader.GetInt32(0), reader.GetInt64(1), reader.GetInt64(2)),
            cancellationToken,
            Sql.OfUtf8(owner))).FirstOrDefault();

    public async ValueTask<IReadOnlyList<OwnerTotals>> ListOwnersAsync(
        OwnerMeasure measure, int limit, CancellationToken cancellationToken) =>
        await rows.ListAsync(
            ReadSql.ListOwners(measure),
            static reader => new OwnerTotals(
                RowReader.Utf8Of(reader, 0), new OwnerUsage(reader.GetInt32(1), reader.GetInt64(2), reader.GetInt64(3))),
            cancellationToken,
            Sql.Of(limit));

    public async ValueTask<StoreTotals?> ReadTotalsAsync(DateTimeOffset now, CancellationToken cancellationToken) =>
        (await rows.ListAsync(
            ReadSql.CountBatches,
            static reader => new StoreTotals(
                reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4), 0, MaxBytes: null),
            cancellationToken,
            Sql.Of(now.ToUnixTimeMilliseconds()))).FirstOrDefault();

    public async ValueTask<IReadOnlyList<BatchRecord>> ListBatchesAsync(
        string owner, long beforeKey, int limit, CancellationToken cancellationToken) =>
        await rows.ListAsync(
            ReadSql.ListBatches, ToBatch, cancellationToken, Sql.OfUtf8(owner), Sql.Of(beforeKey), Sql.Of(limit));

    public async ValueTask<IReadOnlyList<BatchRecord>> ListUnfinishedAsync(
        long afterKey, int limit, CancellationToken cancellationToken) =>
        await rows.ListAsync(ReadSql.ListUnfinished, ToBatch, cancellationToken, Sql.Of(afterKey), Sql.Of(limit));

    public async ValueTask<IReadOnlyList<BatchRecord>> ListToStartAsync(
        DateTimeOffset after, long afterKey, DateTimeOffset until, int limit, CancellationToken cancellationToken) =>
        await rows.ListAsync(
            ReadSql.ListToStart,
            ToBatch,
            cancellationToken,
            Sql.Of(after.ToUnixTimeMilliseconds()),
            Sql.Of(afterKey),
            Sql.Of(until.ToUnixTimeMilliseconds()),
            Sql.Of(limit));

    public async ValueTask<IReadOnlyList<BatchRecord>> ListToExpireAsync(
        DateTimeOffset now, int limit, CancellationToken cancellationToken) =>
        await rows.ListAsync(
            ReadSql.ListToExpire, ToBatch, cancellationToken, Sql.Of(now.ToUnixTimeMilliseconds()), Sql.Of(limit));

    public async ValueTask<IReadOnlyList<BatchRecord>> ListToDeleteAsync(
        DateTimeOffset now, int limit, CancellationToken cancellationToken) =>
        await rows.ListAsync(
            ReadSql.ListToDelete, ToBatch, cancellationToken, Sql.Of(now.ToUnixTimeMilliseconds()), Sql.Of(limit));

    public async ValueTask<RequestWindow?> ReadWindowAsync(long batchKey, int index, CancellationToken cancellationToken) =>
        (await rows.ListAsync(
            ReadSql.ReadWindow,
            static reader => new RequestWindow(reader.GetInt32(0), reader.GetInt32(1), reader.GetFieldValue<byte[]>(2)),
            cancellationToken,
            Sql.Of(batchKey),
            Sql.Of(index))).FirstOrDefault();

    public async ValueTask<ResultSegment?> ReadSegmentAsync(long batchKey, int position, CancellationToken cancellationToken) =>
        (await rows.ListAsync(
            ReadSql.ReadSegment,
            static reader => new ResultSegment(
                reader.GetInt32(0), reader.GetFieldValue<byte[]>(1), RowReader.BytesOrNull(reader, 2)),
            cancellationToken,
            Sql.Of(batchKey),
            Sql.Of(position))).FirstOrDefault();

    public async ValueTask<int?> ReadPayloadAsync(
        long batchKey, int position, int offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        var parts = await rows.ListAsync(
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
        await rows.ListAsync(
            ReadSql.ReadEntries,
            static reader => new ResultSegment(reader.GetInt32(0), reader.GetFieldValue<byte[]>(1), payload: null),
            cancellationToken,
            Sql.Of(batchKey),
            Sql.Of(fromPosition),
            Sql.Of(limit));

    public async ValueTask<IReadOnlyList<int>> ListStartedAsync(long batchKey, CancellationToken cancellationToken)
    {
        var indexes = new HashSet<int>();
        foreach (var encoded in await rows.ListAsync(
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
        await rows.ListAsync(
            ReadSql.ListSecrets,
            static reader => (reader.GetString(0), reader.GetFieldValue<byte[]>(1)),
            cancellationToken,
            Sql.Of(prefix));

    /// <summary>Makes a record of a row with <see cref="ReadSql.BatchColumns"/>.</summary>
    public static BatchRecord ToBatch(NpgsqlDataReader reader) => new()
    {
        Key = reader.GetInt64(0),
        Owner = RowReader.Utf8Of(reader, 1),
        CreateTime = RowReader.TimeOf(reader, 2),
        ExpireTime = RowReader.TimeOf(reader, 3),
        DeleteTime = RowReader.TimeOf(reader, 4),
        DoneTime = RowReader.TimeOrNull(reader, 5),
        Capacity = reader.GetInt32(6),
        Total = reader.GetInt32(7),
        Finished = reader.GetInt32(8),
        Failed = reader.GetInt32(9),
        ResponseSize = reader.GetInt64(10),
        Received = reader.GetInt32(11),
        Cancelled = reader.GetBoolean(12),
        Expired = reader.GetBoolean(13),
        Credential = RowReader.BytesOrNull(reader, 14),
        SpawnerPages = reader.GetInt32(15),
        Peer = RowReader.TextOrNull(reader, 16),
        Trace = RowReader.TextOrNull(reader, 17),
        Runs = NumberRuns.Decode(RowReader.BytesOrNull(reader, 18)),
        SubmissionKey = reader.IsDBNull(19) ? null : new SubmissionKey(RowReader.Utf8Of(reader, 19), reader.GetString(20)),
        StartTime = RowReader.TimeOrNull(reader, 21),
        Priority = reader.GetInt32(22),
        Deadline = RowReader.TimeOrNull(reader, 23),
        Notify = reader.IsDBNull(24) ? null : new WebhookTarget(reader.GetString(24), (BatchEvents)reader.GetInt32(25)),
        CancelTime = RowReader.TimeOrNull(reader, 26),
        MayRepeat = reader.GetBoolean(27),
        Attributes = RowReader.BytesOrNull(reader, 28),
        Dependencies = reader.GetInt32(29),
        OpenUntil = RowReader.TimeOrNull(reader, 30),
        Appends = AppendState.Decode(RowReader.BytesOrNull(reader, 31)),
        IsShared = reader.GetBoolean(32),
    };
}
