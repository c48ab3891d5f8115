namespace Batching.Server.Security.Identity;

/// <summary>The configuration section <c>Batch:Identity</c>.</summary>
internal sealed class IdentityOptions
{
    public const string Section = "Batch:Identity";

    /// <summary>
    /// Kind of identity that tells callers apart: their credential for the API (<c>PassThrough</c>), a header field that a
    /// proxy in front sets (<c>TrustedHeader</c>), or keys of the gateway's own (<c>ApiKey</c>).
    /// </summary>
    public IdentityMode Mode { get; set; }

    /// <summary>
    /// Whether callers without a credential are served. All of them are one owner. If they are not served, they get 401.
    /// Unset: <c>true</c> for <c>PassThrough</c>, else <c>false</c>.
    /// </summary>
    public bool? AllowAnonymous { get; set; }

    /// <summary>For <c>TrustedHeader</c>: the request header field that says who calls.</summary>
    public string Header { get; set; } = "X-Authenticated-User";

    /// <summary>For <c>TrustedHeader</c>: whether the APIs get that field. If not, they get no credential.</summary>
    public bool ForwardHeader { get; set; } = true;

    /// <summary>
    /// For <c>TrustedHeader</c>, at least one: network that the proxy calls from, such as <c>10.1.0.0/16</c> or
    /// <c>fd00::/8</c>. Nobody else is served.
    /// </summary>
    public IList<string> TrustedNetworks { get; } = [];

    /// <summary>For <c>ApiKey</c>, at least one: the keys.</summary>
    public IList<ApiKeyOptions> ApiKeys { get; } = [];

    /// <summary>Whether callers without any credential are served.</summary>
    public bool AllowsAnonymous => AllowAnonymous ?? Mode == IdentityMode.PassThrough;
}
