using System.Security.Authentication;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Options;

namespace Batching.Server.Security.Tls;

/// <summary>Adds the certificate of the <c>https</c> addresses.</summary>
internal static class TlsServices
{
    /// <summary>TLS 1.2 and 1.3 only, and the certificate of the configuration if it has one.</summary>
    public static IServiceCollection AddTls(this IServiceCollection services, IConfiguration configuration)
    {
        if (configuration.HasTls())
        {
            services.AddSingleton<IValidateOptions<TlsOptions>, TlsOptionsValidator>();
            services.AddOptions<TlsOptions>()
                .Bind(configuration.GetSection(TlsOptions.Section))
                .ValidateOnStart();
            services.AddSingleton<ServerCertificate>();
            services.AddHostedService(provider => provider.GetRequiredService<ServerCertificate>());
        }

        services.AddOptions<KestrelServerOptions>().Configure<IServiceProvider>(static (kestrel, provider) =>
        {
            var certificate = provider.GetService<ServerCertificate>();
            kestrel.ConfigureHttpsDefaults(https => Configure(https, certificate));
        });
        return services;
    }

    /// <summary>Whether a certificate is configured.</summary>
    public static bool HasTls(this IConfiguration configuration) =>
        configuration.GetSection(TlsOptions.Section).GetChildren().Any();

    /// <summary>Says so if not all addresses are what whoever configured a certificate may think they are.</summary>
    public static void WarnOfAddressesWithoutTls(this WebApplication app, string urls)
    {
        if (!app.Configuration.HasTls())
        {
            return;
        }

        foreach (var url in urls.Split(';').Where(url => !url.StartsWith("https:", StringComparison.OrdinalIgnoreCase)))
        {
            TlsLog.AddressWithoutTls(app.Services.GetRequiredService<ILogger<ServerCertificate>>(), url);
        }
    }

    private static void Configure(HttpsConnectionAdapterOptions https, ServerCertificate? certificate)
    {
        https.SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13;
        if (certificate is null)
        {
            return;
        }

        https.ServerCertificateSelector = (_, _) => certificate.Current.TargetCertificate;

        // A selector gives the certificate alone; clients need those of the authorities in between as well.
        https.OnAuthenticate = (_, tls) =>
        {
            tls.ServerCertificateContext = certificate.Current;
            tls.ServerCertificateSelectionCallback = null;
        };
    }
}
