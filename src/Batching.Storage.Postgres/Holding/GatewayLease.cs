using System.Globalization;
using Batching.Engine.Storage;
using Batching.Storage.Postgres.Opening;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Batching.Storage.Postgres.Holding;

/// <summary>
/// The row of this gateway in <c>gateways</c>, with a lease by the database's clock. It is renewed until it is released or
/// somebody else has taken the store over.
/// </summary>
/// <remarks>Longer than other files: how a lease is taken, renewed and ended by others is read together.</remarks>
internal sealed class GatewayLease(
    Database database, StoreHold hold, string instance, TimeSpan length, bool isShared, TimeProvider time, ILogger logger)
    : IAsyncDisposable
{
    // Of the lease this much is relied upon: clocks run at slightly different speeds.
    private const double CertainShare = 0.9;

    // The schema since which several gateways may share the work.
    private const int FirstShared = 3;

    private const string FreeWork = "SELECT free_work($1)";

    // How long at most until it is looked again for gateways whose lease is over, where they share the work.
    private static readonly TimeSpan MostWait = TimeSpan.FromSeconds(1);

    // How long a take-over waits for commits of a gateway whose connections were ended.
    private const string TakeOverTimeout = "SET LOCAL lock_timeout = '1s'";

    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(250);

    private readonly CancellationTokenSource _stopping = new();
    private Task _renewing = Task.CompletedTask;
    private long _steadySince = time.GetTimestamp();

    /// <summary>The number of this gateway; 0 before it has acquired the store.</summary>
    public long GatewayId { get; private set; }

    /// <summary>Takes the lease if it is free, and brings the schema up to date for it.</summary>
    public async Task<bool> TryAcquireAsync()
    {
        await using var connection = await database.RentAsync(CancellationToken.None);
        await using var transaction = await connection.BeginTransactionAsync();
        await SchemaMigrations.LockAsync(connection);
        var hasWork = await SchemaMigrations.CheckAsync(connection) >= FirstShared;
        if (!await TryEndOldLeasesAsync(connection, hasWork, evenShared: !hasWork || !isShared) || !await MayJoinAsync(connection, hasWork))
        {
            return false;
        }

        var found = await SchemaMigrations.RunAsync(connection);
        var isCopy = await StoreIdentity.NoteAsync(connection);
        await DropLeftoversAsync(connection);
        var from = hold.Now();
        GatewayId = (long)(await connection.ScalarAsync(
            "INSERT INTO gateways (instance, host, lease_until, shares) VALUES ($1, $2, clock_timestamp() + $3, $4) RETURNING gateway_id",
            Sql.Of(instance),
            Sql.Of(string.Create(CultureInfo.InvariantCulture, $"{Environment.MachineName}, process {Environment.ProcessId}")),
            Sql.Of(length),
            Sql.Of(isShared)))!;
        await connection.RunAsync("INSERT INTO gateway_commits (gateway_id) VALUES ($1)", Sql.Of(GatewayId));
        await transaction.CommitAsync();
        if (found < SchemaMigrations.CurrentVersion)
        {
            PostgresStoreLog.StoreMigrated(logger, found, SchemaMigrations.CurrentVersion);
        }

        if (isCopy)
        {
            PostgresStoreLog.StoreIsCopy(logger);
        }

        PostgresStoreLog.StoreHeld(logger, database.Name, GatewayId, SchemaMigrations.CurrentVersion, length);
        Prolong(from);
        _renewing = isShared ? Task.WhenAll(Task.Run(RenewAsync), Task.Run(WatchAsync)) : Task.Run(RenewAsync);
        return true;
    }

    /// <summary>Stops renewing, and gives the store to whoever wants it.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _renewing;
        _stopping.Dispose();
        if (GatewayId == 0 || hold.IsLost)
        {
            return;
        }

        // From here on somebody else may have it.
        hold.Doubt();
        try
        {
            await using var connection = await database.LeaseSource.OpenConnectionAsync(CancellationToken.None);
            await using var batch = connection.CreateBatch();
            batch.Add("UPDATE gateways SET dead = true WHERE gateway_id = $1", Sql.Of(GatewayId));
            batch.Add(FreeWork, Sql.Of(GatewayId));
            await batch.ExecuteNonQueryAsync(CancellationToken.None);
        }
        catch (Exception e) when (PostgresFaults.IsFault(e))
        {
            PostgresStoreLog.LeaseNotReleased(logger, e);
        }
    }

    // Those that share the work are let in by each other. One that does not wants it alone.
    private async Task<bool> MayJoinAsync(NpgsqlConnection connection, bool hasWork) => await connection.ScalarAsync(
        hasWork && isShared
            ? "SELECT 1 FROM gateways WHERE NOT dead AND NOT shares LIMIT 1"
            : "SELECT 1 FROM gateways WHERE NOT dead LIMIT 1") is null;

    // False if one of them could not be ended.
    private async Task<bool> TryEndOldLeasesAsync(NpgsqlConnection connection, bool hasWork, bool evenShared = true)
    {
        var others = new List<(long Id, string Instance, string Host)>();
        await using (var command = connection.Command(
            "SELECT gateway_id, instance, host FROM gateways WHERE NOT dead AND lease_until < clock_timestamp() AND gateway_id <> $1 "
            + (evenShared ? "ORDER BY gateway_id" : "AND NOT shares ORDER BY gateway_id"),
            Sql.Of(GatewayId)))
        await using (var reader = await command.ExecuteReaderAsync(CancellationToken.None))
        {
            while (await reader.ReadAsync(CancellationToken.None))
            {
                others.Add((reader.GetInt64(0), reader.GetString(1), reader.GetString(2)));
            }
        }

        foreach (var (id, otherInstance, host) in others)
        {
            if (!await TryEndOldLeaseAsync(connection, id, otherInstance, hasWork))
            {
                return false;
            }

            PostgresStoreLog.StoreTakenOver(logger, id, host);
        }

        return true;
    }

    // Whoever is stopped in the middle of a transaction, or cut off from the server, holds locks for as long as its connections
    // live. They end first, and then the row can be changed.
    private static async Task<bool> TryEndOldLeaseAsync(
        NpgsqlConnection connection, long other, string otherInstance, bool hasWork)
    {
        await connection.RunAsync(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND pid <> pg_backend_pid()",
            Sql.Of(Database.ApplicationNameOf(otherInstance)));
        await connection.RunAsync(TakeOverTimeout);
        try
        {
            // Looked at again by the row as it is when it is locked: it may have been renewed.
            if (await connection.RunAsync(
                "UPDATE gateways SET dead = true WHERE gateway_id = $1 AND NOT dead AND lease_until < clock_timestamp()",
                Sql.Of(other)) == 0)
            {
                return false;
            }
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            return false;
        }

        await connection.RunAsync("SET LOCAL lock_timeout = 0");
        if (hasWork)
        {
            await connection.RunAsync(FreeWork, Sql.Of(other));
        }

        return true;
    }

    // Those that share the work look after each other. After an outage of the database all leases are over: whoever comes back first
    // gives the others the time of a lease to do so.
    private async Task WatchAsync()
    {
        var isFailing = false;
        try
        {
            while (!hold.IsLost)
            {
                await Task.Delay(length / 3 < MostWait ? length / 3 : MostWait, time, _stopping.Token);
                try
                {
                    if (time.GetElapsedTime(Volatile.Read(ref _steadySince)) >= length)
                    {
                        await EndOthersAsync();
                    }

                    isFailing = false;
                }
                catch (Exception e) when (PostgresFaults.IsFault(e))
                {
                    if (!isFailing)
                    {
                        isFailing = true;
                        PostgresStoreLog.OthersNotWatched(logger, PostgresFaults.NameOf(e), e);
                    }
                }
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
        }
    }

    private async Task EndOthersAsync()
    {
        await using var connection = await database.RentAsync(_stopping.Token);
        if (await connection.ScalarAsync(
            "SELECT 1 FROM gateways WHERE NOT dead AND lease_until < clock_timestamp() AND gateway_id <> $1 LIMIT 1",
            Sql.Of(GatewayId)) is null)
        {
            return;
        }

        await using var transaction = await connection.BeginTransactionAsync();
        if (await connection.ScalarAsync("SELECT pg_try_advisory_xact_lock($1)", Sql.Of(SchemaMigrations.LockKey)) is true
            && await connection.ScalarAsync(
                "SELECT 1 FROM gateways WHERE gateway_id = $1 AND NOT dead FOR KEY SHARE", Sql.Of(GatewayId)) is not null
            && await TryEndOldLeasesAsync(connection, hasWork: true))
        {
            await DropLeftoversAsync(connection);
            await transaction.CommitAsync();
        }
    }

    // What others have staged nobody will accept any more, unless it is of an open draft. Their rows are kept for a while: they may still ask what became of a
    // commit.
    private static async Task DropLeftoversAsync(NpgsqlConnection connection)
    {
        await connection.RunAsync(
            """
            WITH gone AS (
                DELETE FROM staged_batches s
                WHERE NOT EXISTS (SELECT 1 FROM gateways g WHERE g.gateway_id = s.gateway_id AND NOT g.dead)
                    AND NOT EXISTS (SELECT 1 FROM drafts d WHERE d.batch_key = s.batch_key AND d.end_time_ms IS NULL)
                RETURNING batch_key)
            INSERT INTO sweeps (batch_key, scope) SELECT batch_key, 2 FROM gone
            ON CONFLICT (batch_key) DO UPDATE SET scope = 2
            """);
        await connection.RunAsync("DELETE FROM gateways WHERE dead AND lease_until < clock_timestamp() - interval '7 days'");
    }

    private void Prolong(StoreHold.Moment from) => hold.Prolong(
        from, length * CertainShare, string.Create(CultureInfo.InvariantCulture, $"PostgreSQL, gateway {GatewayId}"));

    private async Task RenewAsync()
    {
        NpgsqlConnection? connection = null;
        var isFailing = false;
        var renewed = time.GetTimestamp();
        try
        {
            while (!hold.IsLost)
            {
                await Task.Delay(isFailing ? RetryDelay : length / 3, time, _stopping.Token);
                try
                {
                    connection ??= await database.LeaseSource.OpenConnectionAsync(_stopping.Token);
                    var from = hold.Now();
                    if (await connection.RunAsync(
                        "UPDATE gateways SET lease_until = clock_timestamp() + $2 WHERE gateway_id = $1 AND NOT dead",
                        Sql.Of(GatewayId),
                        Sql.Of(length)) == 0)
                    {
                        hold.Lose();
                        return;
                    }

                    if (isFailing || time.GetElapsedTime(renewed) > length)
                    {
                        Volatile.Write(ref _steadySince, time.GetTimestamp());
                    }

                    renewed = time.GetTimestamp();
                    isFailing = false;
                    Prolong(from);
                }
                catch (Exception e) when (PostgresFaults.IsFault(e))
                {
                    if (connection is not null)
                    {
                        await connection.DisposeAsync();
                        connection = null;
                    }

                    if (!isFailing)
                    {
                        isFailing = true;
                        PostgresStoreLog.LeaseNotRenewed(logger, PostgresFaults.NameOf(e), e);
                    }
                }
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
        }
        finally
        {
            if (connection is not null)
            {
                await connection.DisposeAsync();
            }
        }
    }
}
