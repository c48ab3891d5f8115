using System.ComponentModel.DataAnnotations;

namespace Batching.Engine.Configuration;

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

    /// <summary>
    /// The paths at which the gateway itself serves batches: no request of a batch goes there, at whatever upstream, as that may
    /// be this very gateway. Whole segments, as <c>/api/v1/batches</c>; one that ends with a dot stands for all segments that begin
    /// with it, as <c>/batch.v1.</c> for the services of a package. They follow from what is served, and have no key in the
    /// configuration.
    /// </summary>
    public ISet<string> OwnPaths { get; } = new HashSet<string>(StringComparer.OrdinalIgnoreCase);

    /// <summary>The times for which things are kept.</summary>
    public RetentionOptions Retention { get; set; } = new();

    /// <summary>Limits of what callers may ask for, and of what the gateway holds in memory.</summary>
    public LimitOptions Limits { get; set; } = new();

    /// <summary>Header fields that go through.</summary>
    public HeaderOptions Headers { get; set; } = new();

    /// <summary>Limits of keyed batches.</summary>
    public KeyedOptions Keyed { get; set; } = new();

    /// <summary>Limits of what one owner may take of the gateway.</summary>
    public QuotaOptions Quotas { get; set; } = new();

    /// <summary>Messages that tell owners of their batches.</summary>
    public WebhookOptions Webhooks { get; set; } = new();

    /// <summary>
    /// Longest time that a result waits for other results to be stored with it, while more requests of its batch are under
    /// way. Results that are stored together share one flush of the disk. A submission never waits, and neither does a
    /// result behind which nothing is under way. 0 s: no result waits.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:00:01")]
    public TimeSpan CommitDelay { get; set; } = TimeSpan.FromMilliseconds(10);

    /// <summary>
    /// Requests of a batch that the gateway which has accepted it runs alone, where several share a PostgreSQL database. A batch with
    /// more is run by all of them, a part of up to 256 requests at a time, unless its requests spawn others or depend on others.
    /// </summary>
    [Range(0, 1_000_000)]
    public int ShareAbove { get; set; } = 256;

    /// <summary>
    /// Longest time that a stream of results is silent while nothing happens. After that it gives a sign of life, because
    /// proxies cut streams that seem dead, after 50 s or more by their defaults. 0 s: it gives none.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")]
    public TimeSpan StreamHeartbeat { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// Time that requests under way have to end when the gateway is stopped. After that they are aborted, and after the next
    /// start they are sent again where that is safe. A stop that takes 8 s in all is cut short, so a longer time than that
    /// has no effect.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00")]
    public TimeSpan ShutdownGrace { get; set; } = TimeSpan.FromSeconds(5);
}
