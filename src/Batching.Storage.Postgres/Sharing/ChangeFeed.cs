using Batching.Engine.Storage;
using Npgsql;

namespace Batching.Storage.Postgres.Sharing;

/// <summary>
/// The changes that other gateways note, each once. They are read from the oldest transaction on that was under way the time before:
/// what has an earlier number than one that was read may be committed later. Not thread-safe.
/// </summary>
internal sealed class ChangeFeed
{
    private readonly HashSet<(long Transaction, long BatchKey, int Kind)> _seen = [];

    /// <summary>The number of the transaction to read from; 0 at first, from the present one on.</summary>
    public long From { get; private set; }

    /// <summary>Reads the rows of <see cref="SharedSql.ReadChanges"/>.</summary>
    public async Task<IReadOnlyList<(long BatchKey, BatchChange Change)>> ReadAsync(NpgsqlDataReader reader)
    {
        var changes = new List<(long, BatchChange)>();
        var from = From;
        while (await reader.ReadAsync(CancellationToken.None))
        {
            from = reader.GetInt64(0);
            if (!reader.IsDBNull(1) && _seen.Add((reader.GetInt64(1), reader.GetInt64(2), reader.GetInt32(3))))
            {
                changes.Add((reader.GetInt64(2), (BatchChange)reader.GetInt32(3)));
            }
        }

        From = from;
        _seen.RemoveWhere(change => change.Transaction < from);
        return changes;
    }
}
