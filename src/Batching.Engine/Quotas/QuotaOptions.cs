using System.ComponentModel.DataAnnotations;

namespace Batching.Engine.Quotas;

/// <summary>
/// What one owner may take of the gateway: the configuration section <c>Batch:Quotas</c>. Callers without a credential
/// are one owner.
/// </summary>
public sealed class QuotaOptions
{
    /// <summary>Batches that are not done, 1 to 10,000,000; default 10,000.</summary>
    [Range(1, 10_000_000)]
    public int Batches { get; set; } = 10_000;

    /// <summary>
    /// Requests without a result, over all batches, 1 to 100,000,000; default 2,000,000. What spawners add is counted,
    /// and never refused.
    /// </summary>
    [Range(1, 100_000_000)]
    public int Requests { get; set; } = 2_000_000;

    /// <summary>
    /// Bytes in the store: requests, for as long as their batch is kept, and responses until they expire. 1 MiB to 1 PiB;
    /// default 16 GiB. At the limit submissions are refused; what was accepted goes on.
    /// </summary>
    [Range(typeof(long), "1048576", "1125899906842624")]
    public long StoredBytes { get; set; } = 16L * 1024 * 1024 * 1024;

    /// <summary>Calls of the gateway a second, on average, 1 to 1,000,000; default 10,000.</summary>
    [Range(1, 1_000_000)]
    public int CallsPerSecond { get; set; } = 10_000;

    /// <summary>
    /// Calls that may come at once after a quiet time, 1 to 10,000,000; default 20,000. At least what
    /// <see cref="CallsPerSecond"/> brings in a tenth of a second.
    /// </summary>
    [Range(1, 10_000_000)]
    public int CallBurst { get; set; } = 20_000;

    /// <summary>Streams of results and uploads that are open at the same time, 1 to 100,000; default 1,000.</summary>
    [Range(1, 100_000)]
    public int Streams { get; set; } = 1_000;

    /// <summary>Keyed batches that run, or whose reply is being read, at the same time, 1 to 100,000; default 256.</summary>
    [Range(1, 100_000)]
    public int KeyedBatches { get; set; } = 256;
}
