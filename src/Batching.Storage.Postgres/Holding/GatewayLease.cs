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
internal sealed class GatewayLease(
    Database database, StoreHold hold, string instance, TimeSpan length, TimeProvider time, ILogger logger) : IAsyncDisposable
{
    // Of the lease this much is relied upon: clocks run at slightly different speeds.
    private const double CertainShare = 0.9;

    // How long a take-over waits for commits of a gateway whose connections were ended.
    private const string TakeOverTimeout = "SET LOCAL lock_timeout = '1s'";

    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(250);

    private readonly CancellationTokenSource _stopping = new();
    private Task _renewing = Task.CompletedTask;

    /// <summary>The number of this gateway; 0 before it has acquired the store.</summary>
    public long GatewayId { get; private set; }

    /// <summary>Takes the lease if it is free, and brings the schema up to date for it.</summary>
    public async Task<bool> TryAcquireAsync()
    {
        await using var connection = await database.RentAsync(CancellationToken.None);
        await using var transaction = await connection.BeginTransactionAsync();
        await SchemaMigrations.LockAsync(connection);
        await SchemaMigrations.CheckAsync(connection);
        if (!await TryEndOldLeaseAsync(connection))
        {
            return false;
        }

        var found = await SchemaMigrations.RunAsync(connection);
        var isCopy = await StoreIdentity.NoteAsync(connection);
        await DropLeftoversAsync(connection);
        var from = hold.Now();
        GatewayId = (long)(await connection.ScalarAsync(
            "INSERT INTO gateways (instance, host, lease_until) VALUES ($1, $2, clock_timestamp() + $3) RETURNING gateway_id",
            Sql.Of(instance),
            Sql.Of(string.Create(CultureInfo.InvariantCulture, $"{Environment.MachineName}, process {Environment.ProcessId}")),
            Sql.Of(length)))!;
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
        _renewing = Task.Run(RenewAsync);
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
            await connection.RunAsync("UPDATE gateways SET dead = true WHERE gateway_id = $1", Sql.Of(GatewayId));
        }
        catch (Exception e) when (PostgresFaults.IsFault(e))
        {
            PostgresStoreLog.LeaseNotReleased(logger, e);
        }
    }

    // Whoever is stopped in the middle of a transaction, or cut off from the server, holds locks for as long as its connections
    // live. They end first, and then the row can be changed.
    private async Task<bool> TryEndOldLeaseAsync(NpgsqlConnection connection)
    {
        long other;
        string otherInstance, otherHost;
        await using (var command = connection.Command(
            "SELECT gateway_id, instance, host FROM gateways WHERE NOT dead"))
        await using (var reader = await command.ExecuteReaderAsync(CancellationToken.None))
        {
            if (!await reader.ReadAsync(CancellationToken.None))
            {
                return true;
            }

            (other, otherInstance, otherHost) = (reader.GetInt64(0), reader.GetString(1), reader.GetString(2));
        }

        if (await connection.ScalarAsync(
            "SELECT 1 FROM gateways WHERE gateway_id = $1 AND lease_until < clock_timestamp()", Sql.Of(other)) is null)
        {
            return false;
        }

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
        PostgresStoreLog.StoreTakenOver(logger, other, otherHost);
        return true;
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
