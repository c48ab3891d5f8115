namespace Batching.Server.Security.Tls;

internal static partial class TlsLog
{
    [LoggerMessage(1, LogLevel.Information, "New connections get the certificate of {Subject}, which is valid until {NotAfter:u}.", EventName = "CertificateReplaced")]
    public static partial void CertificateReplaced(ILogger logger, string subject, DateTime notAfter);

    [LoggerMessage(2, LogLevel.Warning, "The certificate stays as it is: {Reason}", EventName = "CertificateNotReplaced")]
    public static partial void CertificateNotReplaced(ILogger logger, string reason);

    [LoggerMessage(3, LogLevel.Warning, "Others on this machine can read the private key in {KeyFile}; it should have the mode 0600.", EventName = "KeyCanBeRead")]
    public static partial void KeyCanBeRead(ILogger logger, string keyFile);

    [LoggerMessage(4, LogLevel.Warning, "Batch:Tls:CertificateFile is set, but the address {Address} is not https: it is served without TLS.", EventName = "AddressWithoutTls")]
    public static partial void AddressWithoutTls(ILogger logger, string address);
}
