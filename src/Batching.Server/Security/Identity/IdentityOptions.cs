namespace Batching.Server.Security.Identity;

/// <summary>The configuration section <c>Batch:Identity</c>.</summary>
internal sealed class IdentityOptions
{
    public const string Section = "Batch:Identity";

    /// <summary>How callers are told apart. Default <see cref="IdentityMode.PassThrough"/>.</summary>
    public IdentityMode Mode { get; set; }

    /// <summary>
    /// Whether callers without any credential are served; all of them are one owner. Unset: in
    /// <see cref="IdentityMode.PassThrough"/> they are, in the other modes they are not.
    /// </summary>
    public bool? AllowAnonymous { get; set; }

    /// <summary>
    /// In <see cref="IdentityMode.TrustedHeader"/> the field that says who calls. Default <c>X-Authenticated-User</c>.
    /// </summary>
    public string Header { get; set; } = "X-Authenticated-User";

    /// <summary>
    /// In <see cref="IdentityMode.TrustedHeader"/> whether that field is sent to the APIs, so that they know for whom
    /// they work. Default true; else they get no credential.
    /// </summary>
    public bool ForwardHeader { get; set; } = true;

    /// <summary>
    /// In <see cref="IdentityMode.TrustedHeader"/> the networks that the proxy may call from, such as
    /// <c>10.1.0.0/16</c>; nobody else is served. At least one.
    /// </summary>
    public IList<string> TrustedNetworks { get; } = [];

    /// <summary>In <see cref="IdentityMode.ApiKey"/> the keys. At least one.</summary>
    public IList<ApiKeyOptions> ApiKeys { get; } = [];

    /// <summary>Whether callers without any credential are served.</summary>
    public bool AllowsAnonymous => AllowAnonymous ?? Mode == IdentityMode.PassThrough;
}
