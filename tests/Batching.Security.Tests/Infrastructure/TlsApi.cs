using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Batching.Server.Tests.Infrastructure;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace Batching.Security.Tests.Infrastructure;

/// <summary>
/// An API that is called over TLS, with a root of its own that nobody trusts yet. It answers with the name of the
/// client's certificate.
/// </summary>
public sealed class TlsApi : IAsyncDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly X509Certificate2 _root = CreateRoot();
    private readonly WebApplication _app;

    private TlsApi(ClientCertificateMode mode, string host)
    {
        using var pem = Issue(host, "1.3.6.1.5.5.7.3.1", out var key);
        using (key)
        {
            using var withKey = pem.CopyWithPrivateKey(key);
            var certificate = X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pkcs12), null);
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(https =>
            {
                https.ServerCertificate = certificate;
                https.ClientCertificateMode = mode;
                https.ClientCertificateValidation = (client, _, _) => client.Issuer == _root.Subject;
            })));
            _app = builder.Build();
        }

        _app.Run(context => TestApi.JsonAsync(context, $$"""{"client":"{{context.Connection.ClientCertificate?.Subject}}"}"""));
    }

    public string Address => _app.Urls.Single();

    /// <summary>The PEM file of the root.</summary>
    public string RootFile => Write("root.pem", _root.ExportCertificatePem());

    /// <param name="mode">Whether clients have to show a certificate.</param>
    /// <param name="host">The address that the API's certificate is for.</param>
    public static async Task<TlsApi> StartAsync(
        ClientCertificateMode mode = ClientCertificateMode.NoCertificate, string host = "127.0.0.1")
    {
        var api = new TlsApi(mode, host);
        await api._app.StartAsync();
        return api;
    }

    /// <summary>The PEM files of a client that the API knows: its certificate, its key, and both in one.</summary>
    public (string Certificate, string Key, string Both) CreateClient(string name)
    {
        using var certificate = Issue(name, "1.3.6.1.5.5.7.3.2", out var key);
        using (key)
        {
            var (certificatePem, keyPem) = (certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
            return (
                Write($"{name}.pem", certificatePem),
                Write($"{name}.key", keyPem),
                Write($"{name}.both.pem", $"{keyPem}\n{certificatePem}"));
        }
    }

    /// <summary>A file with any text.</summary>
    public string Write(string name, string text)
    {
        var path = Path.Combine(_directory.FullName, name);
        File.WriteAllText(path, text);
        return path;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        _root.Dispose();
        _directory.Dispose();
    }

    private static X509Certificate2 CreateRoot()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Root of the tests", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(2));
    }

    private X509Certificate2 Issue(string name, string usage, out ECDsa key)
    {
        key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], false));
        var names = new SubjectAlternativeNameBuilder();
        if (IPAddress.TryParse(name, out var address))
        {
            names.AddIpAddress(address);
        }
        else
        {
            names.AddDnsName(name);
        }

        request.CertificateExtensions.Add(names.Build());
        var now = TimeProvider.System.GetUtcNow();
        return request.Create(_root, now.AddHours(-1), now.AddDays(1), RandomNumberGenerator.GetBytes(8));
    }
}
