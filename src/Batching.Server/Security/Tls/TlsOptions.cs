using System.ComponentModel.DataAnnotations;

namespace Batching.Server.Security.Tls;

/// <summary>The configuration section <c>Batch:Tls</c>: the certificate of the <c>https</c> addresses.</summary>
internal sealed class TlsOptions
{
    public const string Section = "Batch:Tls";

    /// <summary>
    /// PEM file with the certificate of the <c>https</c> addresses, followed by those of the authorities between it and its
    /// root. Unset: what ASP.NET Core itself is configured for (<c>Kestrel:Certificates:Default</c>).
    /// </summary>
    public string? CertificateFile { get; set; }

    /// <summary>
    /// PEM file with the private key, not encrypted. It should have mode 0600. Unset: <see cref="CertificateFile"/> holds
    /// it.
    /// </summary>
    public string? KeyFile { get; set; }

    /// <summary>
    /// Time between two looks at both files. When they have changed, new connections get the new certificate.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan ReloadInterval { get; set; } = TimeSpan.FromMinutes(1);
}
