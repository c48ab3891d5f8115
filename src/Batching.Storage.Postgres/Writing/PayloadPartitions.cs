using System.Globalization;
using Batching.Engine.Model;
using Batching.Engine.Storage;
using Batching.Storage.Postgres.Opening;
using Npgsql;

namespace Batching.Storage.Postgres.Writing;

/// <summary>
/// The partitions of <c>result_payloads</c>, each for some hours in which batches expire: one, or a whole day where responses are
/// kept for days. They are made before they are needed, and dropped when their time is over and every batch in them is expired or
/// gone. Used by the writer, one call at a time.
/// </summary>
internal sealed class PayloadPartitions(long gatewayId, bool isShared)
{
    // The lock of whoever makes a partition where others may, too: "Btcp" in ASCII.
    private const long LockKey = 0x42746370;

    private const string Prefix = "result_payloads_";
    private const int HourMilliseconds = 3_600_000;
    private const int LongHours = 24;

    // Kept for longer than this, responses get a partition for each day.
    private static readonly TimeSpan ShortRetention = TimeSpan.FromDays(2);

    // A drop waits for reads under way, and holds up those that come meanwhile.
    private const string DropTimeout = "SET LOCAL lock_timeout = '1s'";

    private readonly SortedList<int, int> _ends = [];

    // Of the batch that expires last, as far as this gateway knows: what is accepted next needs the hour behind it.
    private (int Hour, bool IsLong) _latest;

    /// <summary>Reads which there are.</summary>
    public async Task LoadAsync(NpgsqlConnection connection)
    {
        _ends.Clear();
        await using var command = connection.Command(
            """
            SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
            WHERE i.inhparent = 'result_payloads'::regclass
            """);
        await using var reader = await command.ExecuteReaderAsync(CancellationToken.None);
        while (await reader.ReadAsync(CancellationToken.None))
        {
            var bounds = reader.GetString(0)[Prefix.Length..].Split('_');
            _ends.Add(int.Parse(bounds[0], CultureInfo.InvariantCulture), int.Parse(bounds[1], CultureInfo.InvariantCulture));
        }
    }

    /// <summary>Makes those that some changes need and that are not there, in a transaction of their own.</summary>
    public async Task EnsureAsync(NpgsqlConnection connection, IReadOnlyList<StoreWrite> writes)
    {
        foreach (var write in writes)
        {
            if (write is StoreWrite.Accept accept)
            {
                var hour = HourOf(accept.Batch);
                if (hour > _latest.Hour)
                {
                    _latest = (hour, IsLong(accept.Batch));
                }

                await EnsureAsync(connection, hour, IsLong(accept.Batch));
            }
            else if (write is StoreWrite.AppendResults append)
            {
                await EnsureAsync(connection, HourOf(append.Batch), IsLong(append.Batch));
            }
        }
    }

    /// <summary>Makes the one behind the last that is needed now, so that nobody has to wait for it.</summary>
    public async Task ExtendAsync(NpgsqlConnection connection)
    {
        if (_latest.Hour > 0)
        {
            await EnsureAsync(connection, _latest.Hour + (_latest.IsLong ? LongHours : 1), _latest.IsLong);
        }
    }

    /// <summary>Drops those whose time is over and whose batches are all expired or gone.</summary>
    public async Task DropAsync(NpgsqlConnection connection, DateTimeOffset now)
    {
        var over = now.ToUnixTimeMilliseconds() / HourMilliseconds;
        foreach (var (from, to) in _ends.Where(bounds => bounds.Value <= over).ToList())
        {
            try
            {
                if (await TryDropAsync(connection, from, to))
                {
                    _ends.Remove(from);
                }
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
            {
                // Somebody reads, a backup perhaps: the next time.
            }
        }
    }

    private async Task<bool> TryDropAsync(NpgsqlConnection connection, int from, int to)
    {
        await using var transaction = await connection.BeginTransactionAsync();
        await connection.RunAsync("SELECT check_alive($1)", Sql.Of(gatewayId));
        await connection.RunAsync(DropTimeout);
        if (await connection.ScalarAsync(
            "SELECT 1 FROM batches WHERE NOT expired AND expire_time_ms >= $1 AND expire_time_ms < $2 LIMIT 1",
            Sql.Of((long)from * HourMilliseconds),
            Sql.Of((long)to * HourMilliseconds)) is not null)
        {
            return false;
        }

        await connection.RunAsync($"DROP TABLE IF EXISTS {NameOf(from, to)}");
        await transaction.CommitAsync();
        return true;
    }

    private static int HourOf(BatchRecord batch) =>
        checked((int)(batch.ExpireTime.ToUnixTimeMilliseconds() / HourMilliseconds));

    private static bool IsLong(BatchRecord batch) => batch.ExpireTime - batch.CreateTime > ShortRetention;

    // Others make some, too.
    private async Task AddAsync(NpgsqlConnection connection, int hour, bool isLong)
    {
        await using var transaction = await connection.BeginTransactionAsync();
        await connection.RunAsync("SELECT pg_advisory_xact_lock($1)", Sql.Of(LockKey));
        await LoadAsync(connection);
        await EnsureAsync(connection, hour, isLong, isAlone: true);
        await transaction.CommitAsync();
    }

    private static string NameOf(int from, int to) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{from}_{to}");

    private async Task EnsureAsync(NpgsqlConnection connection, int hour, bool isLong, bool isAlone = false)
    {
        var length = isLong ? LongHours : 1;
        var (from, to) = (hour / length * length, (hour / length * length) + length);
        foreach (var (otherFrom, otherTo) in _ends)
        {
            if (hour >= otherFrom && hour < otherTo)
            {
                return;
            }

            // Where the time for which responses are kept was changed, a day may have hours that are there already.
            from = otherTo <= hour ? Math.Max(from, otherTo) : from;
            to = otherFrom > hour ? Math.Min(to, otherFrom) : to;
        }

        if (isShared && !isAlone)
        {
            await AddAsync(connection, hour, isLong);
            return;
        }

        // A table that is attached later, unlike one that is made as a partition, keeps no reader waiting.
        var name = NameOf(from, to);
        var bounds = string.Create(CultureInfo.InvariantCulture, $"FROM ({from}) TO ({to})");
        await using (var batch = connection.CreateBatch())
        {
            batch.Add("SELECT check_alive($1)", Sql.Of(gatewayId));
            batch.Add($"CREATE TABLE IF NOT EXISTS {name} (LIKE result_payloads INCLUDING ALL)");
            batch.Add($"ALTER TABLE result_payloads ATTACH PARTITION {name} FOR VALUES {bounds}");
            await batch.ExecuteNonQueryAsync(CancellationToken.None);
        }

        _ends.Add(from, to);
    }
}
