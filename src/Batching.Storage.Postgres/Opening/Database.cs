using Npgsql;

namespace Batching.Storage.Postgres.Opening;

/// <summary>The ways to the database: connections for reads are pooled, the others are not. Thread-safe.</summary>
internal sealed class Database : IAsyncDisposable
{
    /// <summary>The schema that holds all tables.</summary>
    public const string Schema = "batch";

    private const int PreparedStatements = 64;

    private readonly NpgsqlDataSource _pool;
    private readonly NpgsqlDataSource _single;

    /// <param name="options">Where it is.</param>
    /// <param name="instance">Tells the connections of this gateway from those of others.</param>
    public Database(PostgresStoreOptions options, string instance)
    {
        ApplicationName = ApplicationNameOf(instance);
        var builder = new NpgsqlConnectionStringBuilder(options.ConnectionString)
        {
            ApplicationName = ApplicationName,
            SearchPath = Schema,
            CommandTimeout = ToSeconds(options.CommandTimeout),
            Timeout = ToSeconds(options.CommandTimeout),
            MaxAutoPrepare = PreparedStatements,
            AutoPrepareMinUsages = 2,
            KeepAlive = 0,
            Pooling = true,
            MinPoolSize = 0,
            MaxPoolSize = options.PoolSize,
            IncludeErrorDetail = false,
        };
        if (builder.Host?.Contains(',', StringComparison.Ordinal) == true && !builder.ContainsKey("Target Session Attributes"))
        {
            // Of several servers, the one that takes changes.
            builder.TargetSessionAttributes = "primary";
        }

        Name = $"{builder.Database} at {builder.Host}";
        _pool = NpgsqlDataSource.Create(builder);
        builder.Pooling = false;
        _single = NpgsqlDataSource.Create(builder);

        // A lease has no time to wait for.
        var third = ToSeconds(options.Lease / 3);
        builder.CommandTimeout = Math.Min(builder.CommandTimeout, third);
        builder.Timeout = Math.Min(builder.Timeout, third);
        LeaseSource = NpgsqlDataSource.Create(builder);
    }

    /// <summary>The database, for the log: without user and password.</summary>
    public string Name { get; }

    /// <summary>The name that the server knows the connections of this gateway by.</summary>
    public string ApplicationName { get; }

    /// <summary>Makes connections that are given up soon if the server does not answer.</summary>
    public NpgsqlDataSource LeaseSource { get; }

    /// <summary>The name that the server knows the connections of a gateway by.</summary>
    public static string ApplicationNameOf(string instance) => $"batch-gateway {instance}";

    /// <summary>Takes a connection from the pool, or waits for one.</summary>
    public ValueTask<NpgsqlConnection> RentAsync(CancellationToken cancellationToken) =>
        _pool.OpenConnectionAsync(cancellationToken);

    /// <summary>Opens a connection that belongs to the caller alone.</summary>
    public ValueTask<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken) =>
        _single.OpenConnectionAsync(cancellationToken);

    /// <summary>Closes what waits in the pool: after a restart of the server each would fail once.</summary>
    public void Clear() => _pool.Clear();

    public async ValueTask DisposeAsync()
    {
        await _pool.DisposeAsync();
        await _single.DisposeAsync();
        await LeaseSource.DisposeAsync();
    }

    private static int ToSeconds(TimeSpan time) => Math.Max(1, (int)Math.Ceiling(time.TotalSeconds));
}
