using System.Globalization;
using Batching.Engine.Configuration;

namespace Batching.Storage.Postgres;

/// <summary>The place of a PostgreSQL store, and how it is used.</summary>
public sealed class PostgresStoreOptions
{
    /// <summary>The length of <see cref="MasterKey"/> in bytes.</summary>
    public const int MasterKeyBytes = 32;

    /// <summary>The configuration key of <see cref="ConnectionString"/>.</summary>
    public static readonly string ConnectionKey = $"{OptionKey.Of("Store")}:Postgres";

    /// <summary>The configuration key of the file with <see cref="MasterKey"/>.</summary>
    public static readonly string MasterKeyFileKey = $"{OptionKey.Of("Store")}:MasterKeyFile";

    private static readonly TimeSpan MinLease = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan MaxLease = TimeSpan.FromMinutes(1);

    /// <summary>The connection string, as Npgsql reads it. Required.</summary>
    public string ConnectionString { get; set; } = "";

    /// <summary>
    /// The key that secrets are encrypted with in the database: <see cref="MasterKeyBytes"/> bytes, the same for all gateways of
    /// the store. Required.
    /// </summary>
    public byte[] MasterKey { get; set; } = [];

    /// <summary>
    /// The time after which another gateway may take over from one that does not renew its lease. It is renewed three times as
    /// often. 2 s to 1 min. Default: 6 s.
    /// </summary>
    public TimeSpan Lease { get; set; } = TimeSpan.FromSeconds(6);

    /// <summary>
    /// Whether gateways share the work: all of them act for the store at the same time, and each runs what it has claimed. If not, one of
    /// them does, and the others stand by. All gateways of a store need the same. Default: true.
    /// </summary>
    public bool Sharing { get; set; } = true;

    /// <summary>Connections for reads at a time; two more are for commits and for the lease. 1 to 1,000. Default: 20.</summary>
    public int PoolSize { get; set; } = 20;

    /// <summary>The longest time that a statement may take. 1 s to 10 min. Default: 10 s.</summary>
    public TimeSpan CommandTimeout { get; set; } = TimeSpan.FromSeconds(10);

    internal IEnumerable<string> Validate()
    {
        if (string.IsNullOrWhiteSpace(ConnectionString))
        {
            yield return $"{nameof(ConnectionString)} must be a connection string.";
        }

        if (MasterKey.Length != MasterKeyBytes)
        {
            yield return string.Create(
                CultureInfo.InvariantCulture, $"{nameof(MasterKey)} must be {MasterKeyBytes} bytes, not {MasterKey.Length}.");
        }

        if (Lease < MinLease || Lease > MaxLease)
        {
            yield return $"{nameof(Lease)} must be from {MinLease} to {MaxLease}, not {Lease}.";
        }

        if (PoolSize is < 1 or > 1_000)
        {
            yield return string.Create(
                CultureInfo.InvariantCulture, $"{nameof(PoolSize)} must be from 1 to 1000, not {PoolSize}.");
        }

        if (CommandTimeout < TimeSpan.FromSeconds(1) || CommandTimeout > TimeSpan.FromMinutes(10))
        {
            yield return $"{nameof(CommandTimeout)} must be from 00:00:01 to 00:10:00, not {CommandTimeout}.";
        }
    }
}
