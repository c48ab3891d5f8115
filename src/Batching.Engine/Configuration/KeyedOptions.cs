using System.ComponentModel.DataAnnotations;

namespace Batching.Engine.Configuration;

/// <summary>Limits of keyed batches: the configuration section <c>Batch:Keyed</c>.</summary>
public sealed class KeyedOptions
{
    /// <summary>Calls in one batch.</summary>
    [Range(1, 10_000)]
    public int Calls { get; set; } = 100;

    /// <summary>
    /// Calls of one batch that wait for their upstream or are under way at the same time. The upstream's own limit holds as
    /// well.
    /// </summary>
    [Range(1, 1_000)]
    public int Parallelism { get; set; } = 32;

    /// <summary>
    /// Deadline of one call from the moment that it is sent, all attempts included. If the upstream's <c>Timeout</c> is
    /// shorter, that holds.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "01:00:00")]
    public TimeSpan CallTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Deadline of the whole batch. The reply begins then at the latest, and calls that are not done are cut off. Proxies in
    /// front of the gateway wait for a reply for 50 s or more by their defaults.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "01:00:00")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(45);

    /// <summary>
    /// Bytes of response headers and bodies in the reply to one batch. A response that finds no room is replaced by an
    /// error.
    /// </summary>
    [Range(1, 1 << 30)]
    public int ReplyBytes { get; set; } = 64 * 1024 * 1024;

    /// <summary>
    /// Bytes of response headers and bodies that are held for the replies to all keyed batches. A response that finds no
    /// room is replaced by an error.
    /// </summary>
    [MemoryBudget]
    [Range(typeof(long), "1048576", "17179869184")]
    public long HeldBytes { get; set; } = 96 * 1024 * 1024;

    /// <summary>The part of <see cref="HeldBytes"/> that one owner may use.</summary>
    [Range(typeof(long), "1048576", "17179869184")]
    public long HeldBytesPerOwner { get; set; } = 64 * 1024 * 1024;
}
