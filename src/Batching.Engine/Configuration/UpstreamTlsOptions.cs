namespace Batching.Engine.Configuration;

/// <summary>
/// Security of connections to an API with an <c>https</c> address. Its certificate is always verified. The files
/// are PEM, and read at the start.
/// </summary>
public sealed class UpstreamTlsOptions
{
    /// <summary>
    /// PEM file with the certificate that the gateway shows the API, followed by those between it and its root. Unset: the
    /// gateway shows none.
    /// </summary>
    public string? ClientCertificate { get; set; }

    /// <summary>PEM file with the private key of <see cref="ClientCertificate"/>. Unset: it is in the same file.</summary>
    public string? ClientKey { get; set; }

    /// <summary>
    /// PEM file with the only roots that the API's certificate may come from. Unset: the roots that the system trusts. The
    /// certificate is always verified.
    /// </summary>
    public string? RootCertificates { get; set; }
}
