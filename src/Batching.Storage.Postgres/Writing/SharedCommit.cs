using Batching.Engine.Model;
using Batching.Engine.Storage;
using Batching.Storage.Postgres.Reading;
using Npgsql;

namespace Batching.Storage.Postgres.Writing;

/// <summary>
/// Commits a group that appends to batches of several gateways. What is appended to them is known once they are locked, so that it
/// takes more than one round trip.
/// </summary>
internal static class SharedCommit
{
    /// <summary>Makes the changes, all or none.</summary>
    /// <param name="connection">Where.</param>
    /// <param name="writes">The changes.</param>
    /// <param name="keys">The batches of several gateways that are appended to.</param>
    /// <param name="timeout">How long it may take, in seconds.</param>
    /// <param name="begin">Adds what every group begins with.</param>
    /// <param name="gatewayId">The number of this gateway.</param>
    public static async Task RunAsync(
        NpgsqlConnection connection,
        IReadOnlyList<StoreWrite> writes,
        long[] keys,
        int timeout,
        Action<NpgsqlBatch> begin,
        long gatewayId)
    {
        await using var transaction = await connection.BeginTransactionAsync(CancellationToken.None);
        var known = Resolve(writes, await LockAsync(connection, writes, keys, begin));
        await using (var batch = connection.CreateBatch())
        {
            batch.Timeout = timeout;
            CommitStatements.Add(batch, known, gatewayId, isShared: true);
            if (batch.BatchCommands.Count > 0)
            {
                await batch.ExecuteNonQueryAsync(CancellationToken.None);
            }
        }

        await transaction.CommitAsync(CancellationToken.None);
    }

    private static async Task<Dictionary<long, BatchRecord>> LockAsync(
        NpgsqlConnection connection, IReadOnlyList<StoreWrite> writes, long[] keys, Action<NpgsqlBatch> begin)
    {
        await using var batch = connection.CreateBatch();
        begin(batch);
        SharedStatements.AddLocks(batch, writes);
        SharedStatements.AddRead(batch, keys);
        return await ReadBatchesAsync(batch);
    }

    /// <summary>Runs statements, and takes up the batches that they read.</summary>
    public static async Task<Dictionary<long, BatchRecord>> ReadBatchesAsync(NpgsqlBatch batch)
    {
        var records = new Dictionary<long, BatchRecord>();
        await using var reader = await batch.ExecuteReaderAsync(CancellationToken.None);
        do
        {
            while (await reader.ReadAsync(CancellationToken.None))
            {
                // The others have one column.
                if (reader.FieldCount > 1)
                {
                    var record = StoreReader.ToBatch(reader);
                    records.Add(record.Key, record);
                }
            }
        }
        while (await reader.NextResultAsync(CancellationToken.None));
        return records;
    }

    private static List<StoreWrite> Resolve(IReadOnlyList<StoreWrite> writes, Dictionary<long, BatchRecord> records)
    {
        var known = new List<StoreWrite>(writes.Count);
        foreach (var write in writes)
        {
            if (write is not StoreWrite.AppendShared shared)
            {
                known.Add(write);
            }
            else if (records.TryGetValue(shared.BatchKey, out var record))
            {
                var append = shared.Append(record);
                records[shared.BatchKey] = append.Batch;
                known.Add(append);
            }
        }

        return known;
    }
}
