namespace Batching.Engine.Upstreams;

/// <summary>
/// How connections to an API with an <c>https</c> address are secured. Its certificate is always verified. The files
/// are PEM, and read at the start.
/// </summary>
public sealed class UpstreamTlsOptions
{
    /// <summary>
    /// The certificate that the gateway shows the API, followed by those between it and the root. Null for none.
    /// </summary>
    public string? ClientCertificate { get; set; }

    /// <summary>The private key of that certificate; null if it is in the same file.</summary>
    public string? ClientKey { get; set; }

    /// <summary>The only roots that the API's certificate may come from; null for those that the system trusts.</summary>
    public string? RootCertificates { get; set; }
}
