using System.ComponentModel.DataAnnotations;

namespace Batching.Server.Configuration;

/// <summary>The configuration section <c>Batch:Store</c>: a store that several gateways may be started on.</summary>
internal sealed class StoreOptions
{
    public const string Section = "Batch:Store";

    /// <summary>
    /// Connection string of a PostgreSQL database, version 15 or later, such as
    /// <c>Host=db;Database=batch;Username=batch;Password=…</c>: see [several gateways](scale-out.md). Unset: the embedded
    /// store in <c>Batch:DataDirectory</c>.
    /// </summary>
    public string? Postgres { get; set; }

    /// <summary>
    /// File with 32 random bytes, readable by its owner only. It encrypts what is secret in the PostgreSQL database; all gateways of
    /// a database need the same one. Required with <c>Batch:Store:Postgres</c>.
    /// </summary>
    public string? MasterKeyFile { get; set; }

    /// <summary>
    /// Time after which another gateway may take over from an active one of which the database has heard nothing. It renews its lease
    /// three times as often. A longer one bears longer pauses of the database and of the machine.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:02", "00:01:00")]
    public TimeSpan Lease { get; set; } = TimeSpan.FromSeconds(6);

    /// <summary>
    /// Whether the gateways of a PostgreSQL database share the work: each serves calls and runs requests. If not, one of them does, and
    /// the others stand by. All gateways of a database need the same.
    /// </summary>
    public bool Sharing { get; set; } = true;

    /// <summary>Connections to the database for reads; a few more are for commits, deletions and the lease.</summary>
    [Range(1, 1000)]
    public int PoolSize { get; set; } = 20;

    /// <summary>Longest time that a statement of the database, or a connection to it, may take.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan CommandTimeout { get; set; } = TimeSpan.FromSeconds(10);
}
