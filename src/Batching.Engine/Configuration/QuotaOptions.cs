using System.ComponentModel.DataAnnotations;

namespace Batching.Engine.Configuration;

/// <summary>
/// Limits of what one owner may take of the gateway: the configuration section <c>Batch:Quotas</c>. Callers without a credential
/// are one owner.
/// </summary>
public sealed class QuotaOptions
{
    /// <summary>Batches that are not done.</summary>
    [Range(1, 10_000_000)]
    public int Batches { get; set; } = 10_000;

    /// <summary>
    /// Requests without a result, over all batches. Pages of spawners count. If there is no room for all pages at once, they
    /// are asked for in smaller groups, one group after the other.
    /// </summary>
    [Range(1, 100_000_000)]
    public int Requests { get; set; } = 2_000_000;

    /// <summary>
    /// Bytes in the store: requests for as long as their batch is kept, and responses until they expire. At the limit
    /// submissions are refused, and spawners get no more pages (<c>PAGE_LIMIT</c>). What was accepted before goes on.
    /// </summary>
    [Range(typeof(long), "1048576", "1125899906842624")]
    public long StoredBytes { get; set; } = 16L * 1024 * 1024 * 1024;

    /// <summary>Calls of the gateway a second, on average.</summary>
    [Range(1, 1_000_000)]
    public int CallsPerSecond { get; set; } = 10_000;

    /// <summary>Calls that may come at once after a quiet time. At least a tenth of <see cref="CallsPerSecond"/>.</summary>
    [Range(1, 10_000_000)]
    public int CallBurst { get; set; } = 20_000;

    /// <summary>Streams of results and of changes of batches, uploads, and bodies that are being read, open at the same time.</summary>
    [Range(1, 100_000)]
    public int Streams { get; set; } = 1_000;

    /// <summary>Keyed batches at the same time. One counts until its reply is written.</summary>
    [Range(1, 100_000)]
    public int KeyedBatches { get; set; } = 256;
}
