using System.ComponentModel.DataAnnotations;
using Batching.Engine.Keyed;
using Batching.Engine.Quotas;
using Batching.Engine.Upstreams;

namespace Batching.Engine;

/// <summary>The configuration section <c>Batch</c>.</summary>
public sealed class BatchEngineOptions
{
    /// <summary>The APIs behind the gateway.</summary>
    public IList<UpstreamOptions> Upstreams { get; } = [];

    /// <summary>
    /// The header field that carries a caller's credential to the APIs. Default <c>Authorization</c>. It follows from how
    /// callers are told apart, and has no key of its own in the configuration.
    /// </summary>
    public string CredentialHeader { get; set; } = "Authorization";

    /// <summary>How long things are kept.</summary>
    public RetentionOptions Retention { get; set; } = new();

    /// <summary>What callers may ask for, and what the gateway holds in memory.</summary>
    public LimitOptions Limits { get; set; } = new();

    /// <summary>Which header fields go through.</summary>
    public HeaderOptions Headers { get; set; } = new();

    /// <summary>What keyed batches may ask for.</summary>
    public KeyedOptions Keyed { get; set; } = new();

    /// <summary>What one owner may take of the gateway.</summary>
    public QuotaOptions Quotas { get; set; } = new();

    /// <summary>
    /// How long a result waits at most for others to be stored with it, while requests of its batch are still under way:
    /// what is stored together shares one flush of the disk and reaches its readers at once. Submissions, and results that
    /// nothing is under way behind, never wait. 0 s to 1 s, 0 s for not at all; default 10 ms.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:00:01")]
    public TimeSpan CommitDelay { get; set; } = TimeSpan.FromMilliseconds(10);

    /// <summary>
    /// How long a stream of results is silent at most while nothing happens: then it says that it is alive, because proxies
    /// cut what seems dead, after 50 s or more by their defaults. 0 s to 10 min, 0 s for as long as it takes; default 15 s.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")]
    public TimeSpan StreamHeartbeat { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// How long requests in flight may go on when the gateway is told to stop. Those that are not done then are
    /// aborted and run again after the next start, where that is safe. 0 s to 1 min; default 5 s.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00")]
    public TimeSpan ShutdownGrace { get; set; } = TimeSpan.FromSeconds(5);
}
