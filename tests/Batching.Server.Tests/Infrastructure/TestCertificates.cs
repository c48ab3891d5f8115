using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Batching.Server.Tests.Infrastructure;

/// <summary>A root authority, one between, and certificates for 127.0.0.1 that the latter has signed.</summary>
public sealed class TestCertificates : IDisposable
{
    private static readonly TimeSpan Validity = TimeSpan.FromDays(2);

    private readonly DateTimeOffset _from = TimeProvider.System.GetUtcNow() - TimeSpan.FromDays(1);
    private readonly X509Certificate2 _between;

    public TestCertificates()
    {
        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Root = Authority("CN=test root", rootKey).CreateSelfSigned(_from, _from + Validity);
        using var betweenKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var between = Authority("CN=test between", betweenKey)
            .Create(Root, _from, _from + Validity, RandomNumberGenerator.GetBytes(8));
        _between = between.CopyWithPrivateKey(betweenKey);
    }

    /// <summary>What clients trust, and nothing else.</summary>
    public X509Certificate2 Root { get; }

    /// <summary>Makes a new certificate: a PEM text with it and the authority between, and one with its key.</summary>
    public (string Certificate, string Key, string Serial) Issue(bool rsa = false)
    {
        using AsymmetricAlgorithm key = rsa ? RSA.Create(2048) : ECDsa.Create(ECCurve.NamedCurves.nistP256);
        const string Name = "CN=gateway";
        var request = key is RSA rsaKey
            ? new CertificateRequest(Name, rsaKey, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            : new CertificateRequest(Name, (ECDsa)key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.Create(
            _between.SubjectName,
            X509SignatureGenerator.CreateForECDsa(_between.GetECDsaPrivateKey()!),
            _from,
            _from + Validity,
            RandomNumberGenerator.GetBytes(8));
        return (
            $"{certificate.ExportCertificatePem()}\n{_between.ExportCertificatePem()}\n",
            key.ExportPkcs8PrivateKeyPem(),
            certificate.SerialNumber);
    }

    public void Dispose()
    {
        Root.Dispose();
        _between.Dispose();
    }

    private static CertificateRequest Authority(string name, ECDsa key)
    {
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        return request;
    }
}
