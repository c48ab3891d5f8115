using System.Globalization;
using Batching.Engine.Model;
using Batching.Engine.Storage;
using Batching.Storage.Postgres.Opening;
using Batching.Storage.Postgres.Reading;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Batching.Storage.Postgres.Sharing;

/// <summary>The claims of gateways, as rows that name them. Each change is a transaction that checks first that this one lives.</summary>
internal sealed class SharedWork(Database database, StoreHold hold, long gatewayId, TimeProvider time, ILogger logger) : ISharedWork
{
    private static readonly TimeSpan FreeDelay = TimeSpan.FromSeconds(1);

    private readonly ChangeFeed _feed = new();
    private long _reservations;
    // Where there are very many, some are looked at each time.
    private long _lookedUpTo;
    private bool _isFailing;

    /// <inheritdoc />
    public bool HasDuties { get; private set; }

    /// <inheritdoc />
    public async ValueTask<SharedChanges> PollAsync(
        IReadOnlyDictionary<long, int> watched, DateTimeOffset now, CancellationToken cancellationToken) => await RunAsync(
        async batch =>
        {
            batch.Add(SharedSql.CountGateways, Sql.Of(gatewayId));
            batch.Add(SharedSql.ListPauses);
            batch.Add(SharedSql.ListOpen, Sql.Of(now.ToUnixTimeMilliseconds()), Sql.Of(SharedSql.OpenBatches), Sql.Of(_lookedUpTo));
            batch.Add(SharedSql.HasBatches, Sql.Of(now.ToUnixTimeMilliseconds()));
            batch.Add(SharedSql.ReadChanges, Sql.Of(_feed.From));
            if (watched.Count > 0)
            {
                batch.Add(SharedSql.ReadGrown, Sql.Of([.. watched.Keys]), Sql.Of([.. watched.Values]));
            }

            await using var reader = await batch.ExecuteReaderAsync(CancellationToken.None);
            await reader.ReadAsync(CancellationToken.None);
            var (gateways, rank) = (reader.GetInt32(0), reader.GetInt32(1));
            HasDuties = rank == 0;
            await reader.NextResultAsync(CancellationToken.None);
            var pauses = await ReadAllAsync(reader, ToPause);
            await reader.NextResultAsync(CancellationToken.None);
            var open = await ReadAllAsync(reader, static row => row.GetInt64(0));
            _lookedUpTo = open.Count < SharedSql.OpenBatches ? 0 : open.Max();
            await reader.NextResultAsync(CancellationToken.None);
            await reader.ReadAsync(CancellationToken.None);
            var hasBatches = reader.GetBoolean(0);
            await reader.NextResultAsync(CancellationToken.None);
            var ended = await _feed.ReadAsync(reader);
            var grown = await reader.NextResultAsync(CancellationToken.None)
                ? await ReadAllAsync(reader, static row => (row.GetInt64(0), row.GetInt32(1)))
                : [];
            return new SharedChanges(open, hasBatches, ended, grown, gateways, rank, pauses);
        },
        changes: false,
        cancellationToken);

    /// <inheritdoc />
    public async ValueTask<IReadOnlyList<BatchRecord>> ClaimBatchesAsync(
        DateTimeOffset now, int limit, CancellationToken cancellationToken) => await ListAsync(
        SharedSql.ClaimBatches,
        StoreReader.ToBatch,
        cancellationToken,
        Sql.Of(gatewayId),
        Sql.Of(now.ToUnixTimeMilliseconds()),
        Sql.Of(limit));

    /// <inheritdoc />
    public async ValueTask<IReadOnlyList<RequestRun>> ClaimRunsAsync(
        IReadOnlyDictionary<long, int> most, CancellationToken cancellationToken) => await ListAsync(
        SharedSql.ClaimRuns,
        ToRun,
        cancellationToken,
        Sql.Of(gatewayId),
        Sql.Of([.. most.Keys]),
        Sql.Of([.. most.Values]));

    /// <inheritdoc />
    public async ValueTask<IReadOnlyList<BatchDraft>> ClaimDraftsAsync(int limit, CancellationToken cancellationToken) =>
        await ListAsync(SharedSql.ClaimDrafts, DraftReader.ToDraft, cancellationToken, Sql.Of(gatewayId), Sql.Of(limit));

    /// <inheritdoc />
    public async ValueTask<(IReadOnlyList<long> Batches, IReadOnlyList<RequestRun> Runs)> ListHeldAsync(
        CancellationToken cancellationToken) => await RunAsync(
        async batch =>
        {
            batch.Add(SharedSql.ListHeldBatches, Sql.Of(gatewayId));
            batch.Add(SharedSql.ListHeldRuns, Sql.Of(gatewayId));
            await using var reader = await batch.ExecuteReaderAsync(CancellationToken.None);
            var batches = await ReadAllAsync(reader, static row => row.GetInt64(0));
            await reader.NextResultAsync(CancellationToken.None);
            return ((IReadOnlyList<long>)batches, (IReadOnlyList<RequestRun>)await ReadAllAsync(reader, ToRun));
        },
        changes: false,
        cancellationToken);

    /// <inheritdoc />
    public async ValueTask PauseAsync(string upstream, string? owner, TimeSpan length) => await ListAsync(
        SharedSql.Pause, static _ => 0, CancellationToken.None, Sql.Of(upstream), Sql.OfUtf8(owner ?? ""), Sql.Of(length));

    /// <inheritdoc />
    public async ValueTask<SharedDelivery> ReserveResultsAsync(long batchKey, int most, CancellationToken cancellationToken)
    {
        var number = Interlocked.Increment(ref _reservations);
        try
        {
            return (await ListAsync(
                SharedSql.ReserveResults,
                static row => new SharedDelivery(
                    row.IsDBNull(0) ? 0 : row.GetInt32(0),
                    row.IsDBNull(1) ? 0 : row.GetInt32(1),
                    row.GetInt32(2),
                    row.GetBoolean(3)),
                cancellationToken,
                Sql.Of(gatewayId),
                Sql.Of(batchKey),
                Sql.Of(most),
                Sql.Of(number))).Single();
        }
        catch (StoreUnavailableException) when (most > 0)
        {
            _ = FreeAsync(number);
            throw;
        }
    }

    /// <inheritdoc />
    public async ValueTask SettleResultsAsync(long batchKey, int first, int last, DeliveryOutcome outcome) => await ListAsync(
        SharedSql.SettleResults,
        static _ => 0,
        CancellationToken.None,
        Sql.Of(gatewayId),
        Sql.Of(batchKey),
        Sql.Of(first),
        Sql.Of(last),
        Sql.Of((int)outcome));

    private static (string, string?, TimeSpan) ToPause(NpgsqlDataReader row) =>
        (row.GetString(0), RowReader.Utf8Of(row, 1) is { Length: > 0 } owner ? owner : null, row.GetFieldValue<TimeSpan>(2));

    // The answer may be lost, and the reservation be there: nobody would ever give it back. Not at once, as it may come late.
    private async Task FreeAsync(long number)
    {
        while (!hold.IsLost)
        {
            await Task.Delay(FreeDelay, time);
            try
            {
                await ListAsync(SharedSql.FreeReservation, static _ => 0, CancellationToken.None, Sql.Of(gatewayId), Sql.Of(number));
                return;
            }
            catch (StoreUnavailableException)
            {
            }
            catch (ObjectDisposedException)
            {
                // What it held is free then.
                return;
            }
        }
    }

    private static RequestRun ToRun(NpgsqlDataReader row) =>
        new(row.GetInt64(0), row.GetInt32(1), row.GetInt32(2), row.GetBoolean(3));

    private static async Task<List<T>> ReadAllAsync<T>(NpgsqlDataReader reader, Func<NpgsqlDataReader, T> read)
    {
        var rows = new List<T>();
        while (await reader.ReadAsync(CancellationToken.None))
        {
            rows.Add(read(reader));
        }

        return rows;
    }

    // A statement that changes something, behind the check.
    private Task<List<T>> ListAsync<T>(
        string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken, params NpgsqlParameter[] parameters) => RunAsync(
        async batch =>
        {
            batch.Add(sql, parameters);
            await using var reader = await batch.ExecuteReaderAsync(CancellationToken.None);
            await reader.NextResultAsync(CancellationToken.None);
            return await ReadAllAsync(reader, read);
        },
        changes: true,
        cancellationToken);

    // The token ends the wait for a connection only: whoever is cancelled in the middle does not know what became of it.
    private async Task<T> RunAsync<T>(Func<NpgsqlBatch, Task<T>> run, bool changes, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            await using var connection = await database.RentAsync(cancellationToken);
            await using var batch = connection.CreateBatch();
            if (changes)
            {
                batch.Add(SharedSql.CheckAlive, Sql.Of(gatewayId));
            }

            var result = await run(batch);
            _isFailing = false;
            return result;
        }
        catch (Exception e) when (PostgresFaults.IsFault(e))
        {
            if (!PostgresFaults.IsUndone(e))
            {
                // Others of the pool may have died with it.
                database.Clear();
            }

            if (e is PostgresException { SqlState: PostgresFaults.TakenOver })
            {
                hold.Lose();
            }
            else if (!_isFailing)
            {
                _isFailing = true;
                PostgresStoreLog.StoreReadFailed(logger, PostgresFaults.NameOf(e), e);
            }

            throw PostgresFaults.Translate(e);
        }
    }
}
