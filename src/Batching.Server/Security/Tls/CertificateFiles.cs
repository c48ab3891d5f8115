using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Options;

namespace Batching.Server.Security.Tls;

/// <summary>Reads the certificate and its key.</summary>
internal sealed class CertificateFiles(TlsOptions options)
{
    private const UnixFileMode OthersCanRead = UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private readonly string _certificateFile = options.CertificateFile!;

    /// <summary>The file with the private key.</summary>
    public string KeyFile { get; } = options.KeyFile ?? options.CertificateFile!;

    /// <summary>Reads both files.</summary>
    /// <exception cref="OptionsValidationException">One can't be read; names the key.</exception>
    public (string Certificate, string Key) Read() => (
        Read(nameof(TlsOptions.CertificateFile), _certificateFile),
        Read(options.KeyFile is null ? nameof(TlsOptions.CertificateFile) : nameof(TlsOptions.KeyFile), KeyFile));

    /// <summary>Makes a certificate of that.</summary>
    /// <exception cref="OptionsValidationException">It is none, or the key is that of another one.</exception>
    public SslStreamCertificateContext Load((string Certificate, string Key) pem)
    {
        try
        {
            using var parsed = X509Certificate2.CreateFromPem(pem.Certificate, pem.Key);

            // Windows takes no key that exists in memory only.
            var certificate = X509CertificateLoader.LoadPkcs12(parsed.Export(X509ContentType.Pkcs12), null);
            var chain = new X509Certificate2Collection();
            chain.ImportFromPem(pem.Certificate);
            chain.RemoveAt(0);
            return SslStreamCertificateContext.Create(certificate, chain, offline: true);
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            throw Problem(
                nameof(TlsOptions.CertificateFile),
                $"the certificate in '{_certificateFile}' and the key in '{KeyFile}' can't be used. {exception.Message}");
        }
    }

    /// <summary>Whether others than the file's owner can read the key. Windows has no such modes.</summary>
    public bool CanOthersReadKey() =>
        !OperatingSystem.IsWindows()
        && (File.GetUnixFileMode(File.ResolveLinkTarget(KeyFile, returnFinalTarget: true)?.FullName ?? KeyFile)
            & OthersCanRead) != 0;

    private static string Read(string key, string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Problem(key, exception.Message);
        }
    }

    private static OptionsValidationException Problem(string key, string message) =>
        new(TlsOptions.Section, typeof(TlsOptions), [$"{TlsOptions.Section}:{key}: {message}"]);
}
