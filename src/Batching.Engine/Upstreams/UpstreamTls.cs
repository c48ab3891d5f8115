using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Batching.Engine.Configuration;
using Batching.Engine.Model;

namespace Batching.Engine.Upstreams;

/// <summary>Reads the certificates of an upstream.</summary>
public static class UpstreamTls
{
    /// <summary>The problems with the files, the field being the option.</summary>
    public static IReadOnlyList<Problem> FindProblems(UpstreamTlsOptions options)
    {
        var problems = new List<Problem>();
        if (options.ClientCertificate is not null)
        {
            Try(nameof(options.ClientCertificate), () => LoadClient(options));
        }
        else if (options.ClientKey is not null)
        {
            problems.Add(new Problem(nameof(options.ClientKey), "belongs to a ClientCertificate, and none is set"));
        }

        if (options.RootCertificates is not null)
        {
            Try(nameof(options.RootCertificates), () => LoadRoots(options));
        }

        return problems;

        void Try(string name, Action load)
        {
            try
            {
                load();
            }
            catch (Exception exception) when (exception is CryptographicException or IOException
                or UnauthorizedAccessException or ArgumentException)
            {
                problems.Add(new Problem(name, $"can't be used: {exception.Message}"));
            }
        }
    }

    /// <summary>The options by which connections are secured.</summary>
    /// <exception cref="CryptographicException">A file holds no certificate, or no key.</exception>
    internal static SslClientAuthenticationOptions Create(UpstreamTlsOptions options)
    {
        var ssl = new SslClientAuthenticationOptions();
        if (options.ClientCertificate is not null)
        {
            ssl.ClientCertificateContext = LoadClient(options);
        }

        if (options.RootCertificates is not null)
        {
            ssl.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                // As it is without a policy.
                RevocationMode = X509RevocationMode.NoCheck,
            };
            ssl.CertificateChainPolicy.CustomTrustStore.AddRange(LoadRoots(options));
        }

        return ssl;
    }

    private static SslStreamCertificateContext LoadClient(UpstreamTlsOptions options)
    {
        var chain = new X509Certificate2Collection();
        chain.ImportFromPemFile(options.ClientCertificate!);
        using var pem = X509Certificate2.CreateFromPemFile(options.ClientCertificate!, options.ClientKey);
        // Windows can't use a key that is in no store and no file of its own kind.
        var client = X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null);
        return SslStreamCertificateContext.Create(client, chain, offline: true);
    }

    private static X509Certificate2Collection LoadRoots(UpstreamTlsOptions options)
    {
        var roots = new X509Certificate2Collection();
        roots.ImportFromPemFile(options.RootCertificates!);
        return roots.Count > 0 ? roots : throw new CryptographicException("it holds no certificate.");
    }
}
