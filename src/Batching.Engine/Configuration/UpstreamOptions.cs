using System.ComponentModel.DataAnnotations;

namespace Batching.Engine.Configuration;

/// <summary>One API behind the gateway.</summary>
public sealed class UpstreamOptions
{
    /// <summary>
    /// Beginning of the paths that go to this API, by whole segments: <c>/crm</c> takes <c>/crm</c> and <c>/crm/people</c>, not
    /// <c>/crmx</c>. It begins with a slash. The longest prefix wins; <c>/</c> takes every path. No two upstreams may have the
    /// same.
    /// </summary>
    [Required]
    [RegularExpression("^/.*$", ErrorMessage = "must begin with a slash")]
    public string Prefix { get; set; } = "/";

    /// <summary>
    /// Address of the API: an <c>http</c> or <c>https</c> URL without user, query and fragment. The whole path of a request,
    /// prefix included, is appended to the path of this address.
    /// </summary>
    [Required]
    public Uri? BaseAddress { get; set; }

    /// <summary>Requests to this API at the same time.</summary>
    [Range(1, 10_000)]
    public int MaxConcurrency { get; set; } = 64;

    /// <summary>
    /// Requests to this API at the same time over all gateways that share a PostgreSQL database, beside
    /// <see cref="MaxConcurrency"/> of each. Each gateway that lives gets an equal part, at least one request. Unset: no limit for
    /// all.
    /// </summary>
    [Range(1, 1_000_000)]
    public int? MaxConcurrencyTotal { get; set; }

    /// <summary>
    /// Part of <see cref="MaxConcurrency"/>, in percent, that requests of one owner may use. The rest stays free for the
    /// next owner. If all callers are one owner, 100 is right.
    /// </summary>
    [Range(1, 100)]
    public int OwnerPercent { get; set; } = 75;

    /// <summary>
    /// Whether an owner gets fewer requests at a time while its requests fail, and all owners get fewer while the API cannot
    /// keep up.
    /// </summary>
    public bool AdaptiveConcurrency { get; set; } = true;

    /// <summary>
    /// Whether the API limits its callers by their address. For it all owners then have one address, the gateway's, so a 429
    /// or 503 counts for all of them. If not, it counts for the owner whose request was refused, unless several owners get
    /// one within a short time.
    /// </summary>
    public bool LimitsByAddress { get; set; }

    /// <summary>
    /// Longest time for which a <c>Retry-After</c> in a 429 or 503 stops requests of its owner to this API. 0 s: it does not
    /// stop them.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
    public TimeSpan MaxPause { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Deadline of one request, all attempts included.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "01:00:00")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Longest time in which a connection to the API is made, TLS included. A request that may be repeated then tries again
    /// within its deadline.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:05:00")]
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Whether this API gets the callers' credentials. It should not if they are meant for other APIs.</summary>
    public bool ForwardCredential { get; set; } = true;

    /// <summary>
    /// Whether equal requests of one owner that are under way at the same time become one call, whose answer each of them gets. Equal are
    /// GET, HEAD and OPTIONS with the same URL, header fields, body, credential and client address. None joins a call that was sent
    /// before the gateway got the answer to a request that may have changed something at this API.
    /// </summary>
    public bool Coalesce { get; set; }

    /// <summary>Security of connections to an <c>https</c> address.</summary>
    public UpstreamTlsOptions Tls { get; set; } = new();

    /// <summary>The way in which the pages of its collections follow each other.</summary>
    public PaginationOptions Pagination { get; set; } = new();

    /// <summary>Makes connections; null for plain TCP to the base address. Not read from configuration.</summary>
    public Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>>? ConnectCallback { get; set; }
}
