namespace Batching.Server.Security.Tls;

/// <summary>The configuration section <c>Batch:Tls</c>: the certificate of the <c>https</c> addresses.</summary>
internal sealed class TlsOptions
{
    public const string Section = "Batch:Tls";

    public static readonly TimeSpan MinReloadInterval = TimeSpan.FromSeconds(1);
    public static readonly TimeSpan MaxReloadInterval = TimeSpan.FromDays(1);

    /// <summary>
    /// A PEM file with the certificate, behind it those of the authorities in between. Unset: what ASP.NET Core itself
    /// knows (<c>Kestrel:Certificates:Default</c>).
    /// </summary>
    public string? CertificateFile { get; set; }

    /// <summary>A PEM file with the private key, not encrypted. Unset: the key is in the file of the certificate.</summary>
    public string? KeyFile { get; set; }

    /// <summary>
    /// How often the files are looked at; when they have changed, new connections get the new certificate. 1 s to 1 day;
    /// default 1 min.
    /// </summary>
    public TimeSpan ReloadInterval { get; set; } = TimeSpan.FromMinutes(1);
}
