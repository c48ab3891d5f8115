using System.ComponentModel.DataAnnotations;
using Batching.Rest.Dialects;
using Batching.Server.Security.Browser;
using Batching.Server.Security.Identity;
using Batching.Server.Security.Operations;
using Batching.Server.Security.Tls;

namespace Batching.Server.Configuration;

/// <summary>
/// The keys of the section <c>Batch</c> that the engine does not have. Each is read where it is needed; here their names
/// and types are known, so that a misspelt one is not passed over.
/// </summary>
internal sealed class ServerKeys
{
    /// <summary>
    /// Address of the API behind the gateway, an <c>http</c> or <c>https</c> URL, if there is only one API: short for
    /// <c>Batch:Upstreams:N:BaseAddress</c>. Unset, and no <c>Batch:Upstreams</c> either: in Development the sample API below
    /// <c>/sample/</c>; else the gateway does not start.
    /// </summary>
    public string? Upstream { get; set; }

    /// <summary>
    /// Directory of the embedded store and of the keys that encrypt credentials. It has to be on a local disk, and one gateway uses
    /// it at a time. A relative path starts from the working directory. Not to be set beside <c>Batch:Store:Postgres</c>.
    /// </summary>
    public string DataDirectory { get; set; } = "data";

    /// <summary>
    /// Size of the embedded store. A sixteenth of it, 64 KiB to 1 MiB, is reserved for deletions. At the limit submissions
    /// are refused until something has expired or is deleted. Unset: as large as the disk. Not to be set beside
    /// <c>Batch:Store:Postgres</c>.
    /// </summary>
    [Range(typeof(long), "1048576", "9223372036854775807")]
    public long? MaxStoreBytes { get; set; }

    /// <summary>The store that several gateways may be started on, in the place of the embedded one.</summary>
    public StoreOptions? Store { get; set; }

    /// <summary>
    /// Address or network, such as <c>10.1.0.0/16</c>, of a proxy in front of the gateway. What it says in
    /// <c>X-Forwarded-For</c> counts as the client's address.
    /// </summary>
    public IList<string> TrustedProxies { get; } = [];

    /// <summary>
    /// Whether browsers get the [page](page.md) at <c>/</c>, and the reference at <c>/reference</c>. They do nothing that their
    /// caller could not do by the REST paths. <c>/openapi.json</c> is there in any case.
    /// </summary>
    public bool Page { get; set; } = true;

    /// <summary>
    /// Callers who are told the gateway's limits, its dialects and the prefixes of its APIs, by
    /// [`GetGateway`](grpc.md#what-the-gateway-is-like): all who may call, those with a credential, or none. The APIs' addresses are
    /// told to nobody, and the version to callers with a credential only.
    /// </summary>
    public Disclosure Disclosure { get; set; } = Disclosure.Everybody;

    /// <summary>Identity: the way in which callers are told apart.</summary>
    public IdentityOptions? Identity { get; set; }

    /// <summary>The certificate of the <c>https</c> addresses.</summary>
    public TlsOptions? Tls { get; set; }

    /// <summary>Endpoints for those who run the gateway.</summary>
    public OperationsOptions? Operations { get; set; }

    /// <summary>Web pages that may call the gateway.</summary>
    public BrowserOptions? Cors { get; set; }

    /// <summary>The other batch APIs whose clients are served.</summary>
    public DialectOptions? Dialects { get; set; }
}
