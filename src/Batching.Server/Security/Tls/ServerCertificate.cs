using System.Net.Security;
using Microsoft.Extensions.Options;

namespace Batching.Server.Security.Tls;

/// <summary>
/// The certificate for new connections. The files are looked at again and again rather than watched: where a certificate
/// is replaced by turning a link, as is usual, the file that is watched never changes.
/// </summary>
internal sealed class ServerCertificate : BackgroundService
{
    private readonly CertificateFiles _files;
    private readonly TlsOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private (string Certificate, string Key) _pem;
    private volatile SslStreamCertificateContext _current;

    /// <exception cref="OptionsValidationException">The files can't be used.</exception>
    public ServerCertificate(IOptions<TlsOptions> options, TimeProvider time, ILogger<ServerCertificate> logger)
    {
        _options = options.Value;
        _files = new CertificateFiles(_options);
        _time = time;
        _logger = logger;
        _pem = _files.Read();
        _current = _files.Load(_pem);
        WarnIfOthersCanReadKey();
    }

    /// <summary>The certificate at the moment. Connections keep the one that they began with.</summary>
    public SslStreamCertificateContext Current => _current;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(_options.ReloadInterval, _time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            Reload();
        }
    }

    // While one file is new and the other one isn't yet they don't fit, so the old certificate stays until they do.
    private void Reload()
    {
        try
        {
            var pem = _files.Read();
            if (pem == _pem)
            {
                return;
            }

            _current = _files.Load(pem);
            _pem = pem;
            TlsLog.CertificateReplaced(_logger, _current.TargetCertificate.Subject, _current.TargetCertificate.NotAfter);
            WarnIfOthersCanReadKey();
        }
        catch (OptionsValidationException exception)
        {
            TlsLog.CertificateNotReplaced(_logger, exception.Message);
        }
    }

    private void WarnIfOthersCanReadKey()
    {
        if (_files.CanOthersReadKey())
        {
            TlsLog.KeyCanBeRead(_logger, _files.KeyFile);
        }
    }
}
