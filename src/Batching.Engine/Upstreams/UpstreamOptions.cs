using System.ComponentModel.DataAnnotations;
using Batching.Engine.Spawning;

namespace Batching.Engine.Upstreams;

/// <summary>One API behind the gateway.</summary>
public sealed class UpstreamOptions
{
    /// <summary>
    /// The paths that belong to this upstream, by whole segments: <c>/crm</c> takes <c>/crm</c> and
    /// <c>/crm/people</c>, not <c>/crmx</c>. The longest prefix wins. Default <c>/</c>: every path.
    /// </summary>
    [Required]
    [RegularExpression("^/.*$", ErrorMessage = "must begin with a slash")]
    public string Prefix { get; set; } = "/";

    /// <summary>
    /// Where requests go: an <c>http</c> or <c>https</c> URL without query. The whole path of a request, prefix
    /// included, is appended to the path of this address. Required.
    /// </summary>
    [Required]
    public Uri? BaseAddress { get; set; }

    /// <summary>Requests in flight at the same time, 1 to 10,000. Default 64.</summary>
    [Range(1, 10_000)]
    public int MaxConcurrency { get; set; } = 64;

    /// <summary>
    /// Whether fewer requests are in flight when the upstream can't keep up: half as many, down to 1, at a 429, a 503 or
    /// no answer in time, then slowly more again. Default true.
    /// </summary>
    public bool AdaptiveConcurrency { get; set; } = true;

    /// <summary>
    /// How long at most nothing is sent to the upstream when a 429 or 503 of it says <c>Retry-After</c>, whoever's request
    /// it was. 0 s to 1 h, 0 s for not at all; default 1 min.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
    public TimeSpan MaxPause { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// The deadline of a request from its first byte to the last one of its answer, all attempts included.
    /// 1 ms to 1 h; default 30 s.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "01:00:00")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Whether this API gets the <c>Authorization</c> that a batch was submitted with. Default true; false for an API
    /// that is none of those the callers' credentials are for.
    /// </summary>
    public bool ForwardCredential { get; set; } = true;

    /// <summary>How connections to an <c>https</c> address are secured.</summary>
    public UpstreamTlsOptions Tls { get; set; } = new();

    /// <summary>How the pages of its collections follow each other.</summary>
    public PaginationOptions Pagination { get; set; } = new();

    /// <summary>How connections are made; null for plain TCP to the base address. Not read from configuration.</summary>
    public Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>>? ConnectCallback { get; set; }
}
