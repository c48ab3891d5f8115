using System.ComponentModel.DataAnnotations;

namespace Batching.Engine.Keyed;

/// <summary>What keyed batches may ask for: the configuration section <c>Batch:Keyed</c>.</summary>
public sealed class KeyedOptions
{
    /// <summary>Calls in one batch, 1 to 10,000; default 100.</summary>
    [Range(1, 10_000)]
    public int Calls { get; set; } = 100;

    /// <summary>
    /// Calls of one batch that wait for their upstream or are under way at the same time, 1 to 1,000; default 32. The
    /// upstream's own limit holds beside it.
    /// </summary>
    [Range(1, 1_000)]
    public int Parallelism { get; set; } = 32;

    /// <summary>
    /// The deadline of one call, all attempts included, from the moment that it is sent; a shorter one of its upstream
    /// wins. 1 ms to 1 h; default 30 s.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "01:00:00")]
    public TimeSpan CallTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The deadline of the whole batch: the reply begins then at the latest, and what isn't done is cut off. 1 ms to 1 h;
    /// default 45 s: proxies in front of the gateway wait for a reply for 50 s or more by their defaults.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "01:00:00")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(45);

    /// <summary>
    /// Bytes of response headers and bodies in the reply to one batch, 1 to 1 GiB; default 64 MiB. A response that
    /// arrives when no room is left for it is replaced by an error.
    /// </summary>
    [Range(1, 1 << 30)]
    public int ReplyBytes { get; set; } = 64 * 1024 * 1024;

    /// <summary>
    /// Bytes of response headers and bodies held in memory for the replies to all batches, 1 MiB to 16 GiB; default
    /// 512 MiB. A response that arrives when no room is left for it is replaced by an error.
    /// </summary>
    [Range(typeof(long), "1048576", "17179869184")]
    public long HeldBytes { get; set; } = 512 * 1024 * 1024;
}
