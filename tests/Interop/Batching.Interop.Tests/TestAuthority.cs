using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Batching.Interop.Tests;

/// <summary>A throwaway authority, and a certificate for this machine that it has signed, as files for programs.</summary>
internal sealed class TestAuthority
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    /// <summary>Makes both.</summary>
    /// <param name="folder">Where the files go.</param>
    public TestAuthority(string folder)
    {
        RootFile = Path.Combine(folder, "root.pem");
        CertificateFile = Path.Combine(folder, "gateway.pem");
        KeyFile = Path.Combine(folder, "gateway.key");

        // Some clients compare clocks to the second.
        var from = TimeProvider.System.GetUtcNow() - TimeSpan.FromDays(1);
        var until = from + TimeSpan.FromDays(3);
        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var rootRequest = new CertificateRequest("CN=interop test root", rootKey, HashAlgorithmName.SHA256);
        rootRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        rootRequest.CertificateExtensions.Add(
            new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        var rootKeyId = new X509SubjectKeyIdentifierExtension(rootRequest.PublicKey, false);
        rootRequest.CertificateExtensions.Add(rootKeyId);
        using var root = rootRequest.CreateSelfSigned(from, until);

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=gateway", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(ServerAuthentication)], false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier(rootKeyId));
        using var certificate = request.Create(root, from, until, RandomNumberGenerator.GetBytes(8));

        File.WriteAllText(RootFile, root.ExportCertificatePem());
        File.WriteAllText(CertificateFile, certificate.ExportCertificatePem());
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var file = new StreamWriter(KeyFile, options);
        file.Write(key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>The authority's own certificate: what clients are to trust.</summary>
    public string RootFile { get; }

    public string CertificateFile { get; }

    public string KeyFile { get; }
}
