using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Batching.SharedPort;

/// <summary>Serves HTTP/1.1 and HTTP/2 on one cleartext port.</summary>
public static class SharedPortWebHostBuilderExtensions
{
    /// <summary>
    /// Makes every cleartext endpoint of Kestrel that may speak both protocols, as is the default, really serve both
    /// HTTP/1.1 and HTTP/2 with prior knowledge (RFC 9113, section 3.3): the first bytes of a connection tell which.
    /// <c>https</c> endpoints serve both by ALPN, as they do anyway. A connection whose first bytes don't come within
    /// <see cref="KestrelServerLimits.RequestHeadersTimeout"/> is closed; waiting for them holds no thread.
    /// </summary>
    /// <remarks>
    /// It is one of Kestrel's endpoint defaults: it is for all URLs, for the endpoints in the configuration and for
    /// <c>Listen</c> calls that come later. Kestrel has but one
    /// <see cref="KestrelServerOptions.ConfigureEndpointDefaults"/>, so the last call of that wins.
    /// </remarks>
    /// <param name="hostBuilder">The host.</param>
    /// <param name="configure">
    /// Further defaults of the endpoints, which come before: connection middleware that is added here sees each connection
    /// before anything is read from it.
    /// </param>
    public static IWebHostBuilder UseHttp1AndHttp2OnSharedPort(
        this IWebHostBuilder hostBuilder, Action<ListenOptions>? configure = null) =>
        hostBuilder.ConfigureKestrel(kestrel => kestrel.ConfigureEndpointDefaults(listen =>
        {
            configure?.Invoke(listen);
            listen.Use(next => IsShared(listen) ? Share(listen, next) : next);
        }));

    // Asked when the server starts, so after UseHttps. An endpoint with TLS must be left alone: who sent the preface in
    // cleartext would get past TLS, which Kestrel takes for done. Only the display name tells in public.
    private static bool IsShared(ListenOptions listen) =>
        listen.Protocols.HasFlag(HttpProtocols.Http1AndHttp2)
        && listen.ToString()!.StartsWith("http:", StringComparison.Ordinal);

    private static ConnectionDelegate Share(ListenOptions listen, ConnectionDelegate next) =>
        new PrefaceMiddleware(
            next,
            listen.KestrelServerOptions.Limits.RequestHeadersTimeout,
            listen.ApplicationServices.GetRequiredService<ILogger<PrefaceMiddleware>>()).OnConnectionAsync;
}
