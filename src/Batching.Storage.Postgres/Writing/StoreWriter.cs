using Batching.Engine.Storage;
using Batching.Storage.Postgres.Opening;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Batching.Storage.Postgres.Writing;

/// <summary>
/// Makes changes, one group at a time, on a connection of its own. A commit whose answer is lost is asked for until it is known
/// what became of it: nothing may be stored twice, or told to be stored when it is not. Thread-safe.
/// </summary>
/// <remarks>Longer than other files: what happens to a commit that fails is read together with the commit.</remarks>
internal sealed class StoreWriter(
    Database database, StoreHold hold, long gatewayId, bool isShared, TimeProvider time, ILogger logger) : IAsyncDisposable
{
    // PostgreSQL takes messages and values of 1 GiB.
    public const long MaxCommitBytes = 768L * 1024 * 1024;

    // A large commit may take longer: this much of it in a second at the least.
    private const long BytesPerSecond = 8L * 1024 * 1024;

    // How often a change is tried that has lost a race against another gateway.
    private const int MostRaces = 10;

    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(250);

    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly CancellationTokenSource _givingUp = new();
    private readonly PayloadPartitions _partitions = new(gatewayId, isShared);
    private NpgsqlConnection? _connection;
    private bool _hasPartitions;
    private long _epoch;
    private long _number;
    private int _pending;
    private volatile bool _isClosing;
    private bool _isFailing;

    /// <summary>Makes changes, all or none.</summary>
    public async Task CommitAsync(IReadOnlyList<StoreWrite> writes, CancellationToken cancellationToken)
    {
        if (CommitStatements.BytesOf(writes) > MaxCommitBytes)
        {
            throw new StoreUnavailableException(
                "The store takes no change of that size.", new InvalidOperationException("Too large for a message."))
            {
                IsFull = true,
            };
        }

        await RunAsync(
            async connection =>
            {
                await _partitions.EnsureAsync(connection, writes);
                await CommitAsync(connection, writes);
                return true;
            },
            cancellationToken);
    }

    /// <summary>Runs statements, all or none.</summary>
    /// <param name="bytes">About how much is sent.</param>
    /// <param name="add">Adds them; is given the number of this gateway.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <param name="isNeeded">Finds out whether they have anything to do; nothing else is changed until they are run.</param>
    /// <returns>Whether they had.</returns>
    public Task<bool> CommitAsync(
        long bytes,
        Action<NpgsqlBatch, long> add,
        CancellationToken cancellationToken,
        Func<NpgsqlConnection, Task<bool>>? isNeeded = null) => RunAsync(
        async connection =>
        {
            if (isNeeded is not null && !await isNeeded(connection))
            {
                return false;
            }

            await CommitAsync(connection, bytes, batch => add(batch, gatewayId));
            return true;
        },
        cancellationToken);

    /// <summary>Runs a statement that nobody else depends on.</summary>
    public Task<T> RunAsync<T>(Func<NpgsqlConnection, Task<T>> work, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isClosing, typeof(PostgresBatchStore));
        Interlocked.Increment(ref _pending);
        return RunInTurnAsync(work, cancellationToken);
    }

    /// <summary>Makes partitions that will be needed, and drops those that no longer are.</summary>
    public Task MaintainAsync(CancellationToken cancellationToken) => RunAsync(
        async connection =>
        {
            await _partitions.ExtendAsync(connection);
            await _partitions.DropAsync(connection, time.GetUtcNow());
            if (isShared)
            {
                await SharedStatements.RemoveChangesAsync(connection, gatewayId);
            }

            return true;
        },
        cancellationToken);

    /// <summary>Waits no longer for a server that can't be reached.</summary>
    public void GiveUp() => _givingUp.Cancel();

    /// <summary>Refuses new work, does what is waiting, and closes the connection.</summary>
    public async ValueTask DisposeAsync()
    {
        _isClosing = true;
        while (Volatile.Read(ref _pending) > 0)
        {
            await _gate.WaitAsync(CancellationToken.None);
            _gate.Release();
            await Task.Yield();
        }

        await CloseAsync();
        _gate.Dispose();
        _givingUp.Dispose();
    }

    private static int TimeoutOf(NpgsqlConnection connection, long bytes) =>
        connection.CommandTimeout + (int)(bytes / BytesPerSecond);

    private async Task<T> RunInTurnAsync<T>(Func<NpgsqlConnection, Task<T>> work, CancellationToken cancellationToken)
    {
        try
        {
            await _gate.WaitAsync(cancellationToken);
            try
            {
                cancellationToken.ThrowIfCancellationRequested();
                var result = await work(await ConnectAsync());
                if (_isFailing)
                {
                    _isFailing = false;
                    PostgresStoreLog.StoreWriteRecovered(logger);
                }

                return result;
            }
            catch (Exception e) when (PostgresFaults.IsFault(e))
            {
                throw await FailAsync(e);
            }
            finally
            {
                _gate.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _pending);
        }
    }

    private async Task<Exception> FailAsync(Exception error)
    {
        if (!PostgresFaults.IsUndone(error))
        {
            await CloseAsync();
            database.Clear();
        }

        if (error is PostgresException { SqlState: PostgresFaults.TakenOver })
        {
            hold.Lose();
        }

        var translated = PostgresFaults.Translate(error);
        if (!_isFailing && !hold.IsLost && translated is not (InvalidOperationException or SubmissionKeyTakenException))
        {
            // Once a fault, not once an attempt.
            _isFailing = true;
            PostgresStoreLog.StoreWriteFailed(logger, PostgresFaults.NameOf(error), error);
        }

        return translated;
    }

    private Task CommitAsync(NpgsqlConnection connection, IReadOnlyList<StoreWrite> writes)
    {
        var bytes = CommitStatements.BytesOf(writes);
        if (!isShared)
        {
            return CommitAsync(connection, bytes, batch => CommitStatements.Add(batch, writes, gatewayId, isShared: false));
        }

        long[] keys = [.. writes.OfType<StoreWrite.AppendShared>().Select(write => write.BatchKey).Distinct()];
        if (keys.Length > 0 && SharedAppend.Suffices(writes))
        {
            return CommitSharedAsync(connection, writes, bytes);
        }

        if (keys.Length > 0)
        {
            return CommitAsync(connection, number => SharedCommit.RunAsync(
                connection, writes, keys, TimeoutOf(connection, bytes), begin => CommitStatements.AddBegin(begin, gatewayId, _epoch, number), gatewayId));
        }

        return CommitAsync(connection, bytes, batch =>
        {
            SharedStatements.AddLocks(batch, writes);
            CommitStatements.Add(batch, writes, gatewayId, isShared: true);
        });
    }

    private async Task CommitSharedAsync(NpgsqlConnection connection, IReadOnlyList<StoreWrite> writes, long bytes)
    {
        List<StoreWrite.AppendShared> appends = [.. writes.OfType<StoreWrite.AppendShared>()];
        List<StoreWrite> others = [.. writes.Where(static write => write is not StoreWrite.AppendShared)];
        IReadOnlyList<(StoreWrite.AppendShared Write, StoreWrite.AppendResults Made)> made = [];
        await CommitAsync(connection, async number =>
        {
            await using var batch = connection.CreateBatch();
            batch.Timeout = TimeoutOf(connection, bytes);
            CommitStatements.AddBegin(batch, gatewayId, _epoch, number);
            SharedStatements.AddLocks(batch, writes);
            CommitStatements.Add(batch, others, gatewayId, isShared: true, areAll: false);
            SharedAppend.Add(batch, appends);
            made = await SharedAppend.RunAsync(batch, appends);
        });
        foreach (var (write, append) in made)
        {
            write.Appended?.Invoke(append);
        }
    }

    private Task CommitAsync(NpgsqlConnection connection, long bytes, Action<NpgsqlBatch> add) => CommitAsync(
        connection,
        async number =>
        {
            await using var batch = connection.CreateBatch();
            batch.Timeout = TimeoutOf(connection, bytes);
            CommitStatements.AddBegin(batch, gatewayId, _epoch, number);
            add(batch);

            // Never with a caller's token: whoever is cancelled in the middle does not know what became of it.
            await batch.ExecuteNonQueryAsync(CancellationToken.None);
        });

    private async Task CommitAsync(NpgsqlConnection connection, Func<long, Task> commit)
    {
        var number = ++_number;
        try
        {
            for (var races = 0; ; races++)
            {
                try
                {
                    await commit(number);
                    return;
                }
                catch (PostgresException e) when (isShared && races < MostRaces && PostgresFaults.IsRace(e))
                {
                    // Nothing was changed.
                }
            }
        }
        catch (Exception e) when (PostgresFaults.IsFault(e) && !PostgresFaults.IsUndone(e))
        {
            await CloseAsync();
            database.Clear();
            if (!await ResolveAsync(number, e))
            {
                throw;
            }
        }
    }

    // Asks what became of a commit. The connection that it was sent on is ended, and the epoch is raised: wherever it still is, it
    // is not made later than this.
    private async Task<bool> ResolveAsync(long number, Exception cause)
    {
        hold.Doubt();
        PostgresStoreLog.CommitInDoubt(logger, cause);
        while (true)
        {
            try
            {
                await using var connection = await database.LeaseSource.OpenConnectionAsync(_givingUp.Token);
                await connection.RunAsync(
                    """
                    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE application_name = $1 AND pid <> pg_backend_pid() AND state <> 'idle'
                    """,
                    Sql.Of(database.ApplicationName));
                await using var command = connection.Command(
                    "UPDATE gateway_commits SET epoch = epoch + 1 WHERE gateway_id = $1 RETURNING epoch, commit_number",
                    Sql.Of(gatewayId));
                await using var reader = await command.ExecuteReaderAsync(CancellationToken.None);
                var wasMade = false;
                if (await reader.ReadAsync(CancellationToken.None))
                {
                    _epoch = reader.GetInt64(0);
                    wasMade = reader.GetInt64(1) == number;
                }

                hold.EndDoubt();
                PostgresStoreLog.CommitResolved(logger, wasMade);
                return wasMade;
            }
            catch (Exception e) when (PostgresFaults.IsFault(e))
            {
                await Task.Delay(RetryDelay, time, _givingUp.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException)
            {
            }

            if (_givingUp.IsCancellationRequested)
            {
                return false;
            }
        }
    }

    private async Task<NpgsqlConnection> ConnectAsync()
    {
        if (_connection is null)
        {
            var connection = await database.OpenAsync(CancellationToken.None);
            try
            {
                // What is acknowledged is on the disk, whatever the server's own default. Stronger settings stay.
                await connection.RunAsync(
                    """
                    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'
                    """);
                if (!_hasPartitions)
                {
                    await _partitions.LoadAsync(connection);
                    _hasPartitions = true;
                }
            }
            catch
            {
                await connection.DisposeAsync();
                throw;
            }

            _connection = connection;
        }

        return _connection;
    }

    private async Task CloseAsync()
    {
        // What was made on it may not have been, and the other way round.
        _hasPartitions = false;
        if (_connection is { } connection)
        {
            _connection = null;
            await connection.DisposeAsync();
        }
    }
}
