using System.Buffers.Binary;
using Batching.Engine.Storage;
using Batching.Storage.Postgres.Opening;
using Npgsql;

namespace Batching.Storage.Postgres.Writing;

/// <summary>The statements that note what was started, received, cancelled.</summary>
internal static class MarkStatements
{
    private const string InsertStarted =
        """
        INSERT INTO started_requests (batch_key, indexes)
        SELECT s.batch_key, s.indexes FROM (SELECT unnest($1) AS batch_key, unnest($2) AS indexes) s
        JOIN batches b ON b.batch_key = s.batch_key AND NOT b.expired AND b.finished < b.total
        """;

    private const string Receive =
        """
        UPDATE batches b SET received = least(r.position, b.finished)
        FROM (SELECT unnest($1) AS batch_key, unnest($2) AS position) r
        WHERE b.batch_key = r.batch_key AND b.received < least(r.position, b.finished)
        """;

    private const string Cancel =
        """
        UPDATE batches b SET cancelled = true, cancel_time_ms = coalesce(b.cancel_time_ms, c.cancelled_at)
        FROM (SELECT unnest($1) AS batch_key, unnest($2) AS cancelled_at) c
        WHERE b.batch_key = c.batch_key AND (b.finished < b.total OR b.open_until_ms IS NOT NULL)
        """;

    /// <summary>Notes which requests are about to be sent: a row for each batch.</summary>
    public static void Add(NpgsqlBatch batch, IReadOnlyList<StoreWrite.MarkStarted> starts)
    {
        (long Key, int[] Indexes)[] rows =
        [
            .. starts.GroupBy(start => start.BatchKey, start => start.Indexes)
                .Select(group => (group.Key, Indexes: group.SelectMany(indexes => indexes).ToArray()))
                .Where(row => row.Indexes.Length > 0),
        ];
        if (rows.Length > 0)
        {
            batch.Add(
                InsertStarted,
                Sql.Of([.. rows.Select(row => row.Key)]),
                Sql.Of([.. rows.Select(row => Encode(row.Indexes))]));
        }
    }

    /// <summary>Moves received marks.</summary>
    public static void Add(NpgsqlBatch batch, IReadOnlyList<StoreWrite.MoveReceivedMark> moves)
    {
        (long Key, int Position)[] rows =
        [
            .. moves.GroupBy(move => move.BatchKey, move => move.Position).Select(group => (group.Key, group.Max())),
        ];
        batch.Add(Receive, Sql.Of([.. rows.Select(row => row.Key)]), Sql.Of([.. rows.Select(row => row.Position)]));
    }

    /// <summary>Cancels batches.</summary>
    public static void Add(NpgsqlBatch batch, IReadOnlyList<StoreWrite.Cancel> cancels)
    {
        (long Key, long? Time)[] rows =
        [
            .. cancels.GroupBy(cancel => cancel.BatchKey, cancel => cancel.Time?.ToUnixTimeMilliseconds())
                .Select(group => (group.Key, group.FirstOrDefault(time => time is not null))),
        ];
        batch.Add(Cancel, Sql.Of([.. rows.Select(row => row.Key)]), Sql.Of([.. rows.Select(row => row.Time)]));
    }

    private static byte[] Encode(int[] indexes)
    {
        var encoded = new byte[indexes.Length * sizeof(int)];
        for (var i = 0; i < indexes.Length; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(encoded.AsSpan(i * sizeof(int)), indexes[i]);
        }

        return encoded;
    }
}
