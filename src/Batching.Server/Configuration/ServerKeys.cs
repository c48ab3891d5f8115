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
    /// <summary>The base address of the only API.</summary>
    public string? Upstream { get; set; }

    /// <summary>Where the embedded store and the keys live.</summary>
    public string? DataDirectory { get; set; }

    /// <summary>How large the embedded store may grow.</summary>
    public long? MaxStoreBytes { get; set; }

    /// <summary>The proxies that are believed who their client is.</summary>
    public IList<string> TrustedProxies { get; } = [];

    /// <summary>How callers are told apart.</summary>
    public IdentityOptions? Identity { get; set; }

    /// <summary>The certificate of the <c>https</c> addresses.</summary>
    public TlsOptions? Tls { get; set; }

    /// <summary>What is there for those who run the gateway.</summary>
    public OperationsOptions? Operations { get; set; }

    /// <summary>Which web pages may call the gateway.</summary>
    public BrowserOptions? Cors { get; set; }
}
