using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Grpc.AspNetCore.SharedPort.Internal;

/// <summary>
/// Turns the server's addresses into Kestrel endpoints just before it starts: only then are all addresses known, and
/// only until then does Kestrel take endpoints.
/// </summary>
internal sealed class SharedPortServer : IServer
{
    private readonly IServer _inner;
    private readonly KestrelServerOptions _options;
    private readonly IConfiguration _configuration;
    private readonly TimeProvider _timeProvider;
    private readonly ILoggerFactory _loggerFactory;
    private readonly Addresses _addresses = new();

    public SharedPortServer(
        IServer inner,
        IOptions<KestrelServerOptions> options,
        IConfiguration configuration,
        TimeProvider timeProvider,
        ILoggerFactory loggerFactory)
    {
        _inner = inner;
        _options = options.Value;
        _configuration = configuration;
        _timeProvider = timeProvider;
        _loggerFactory = loggerFactory;

        // Addresses of our own: Kestrel's can't be changed once it runs, and name a shared port twice.
        Features = new FeatureCollection(inner.Features);
        Features.Set<IServerAddressesFeature>(_addresses);
    }

    public IFeatureCollection Features { get; }

    public async Task StartAsync<TContext>(IHttpApplication<TContext> application, CancellationToken cancellationToken)
        where TContext : notnull
    {
        var kestrelAddresses = _inner.Features.GetRequiredFeature<IServerAddressesFeature>();
        var endpointsConfigured = _configuration.GetSection("Kestrel:Endpoints").GetChildren().Any();
        foreach (var url in _addresses.Urls)
        {
            if (endpointsConfigured && !_addresses.PreferHostingUrls)
            {
                // Kestrel says that the configured endpoints go before these.
                kestrelAddresses.Addresses.Add(url);
            }
            else
            {
                Listen(BindingAddress.Parse(url));
            }
        }

        await _inner.StartAsync(application, cancellationToken);
        _addresses.Urls.Clear();
        _addresses.Urls.AddRange(kestrelAddresses.Addresses.Distinct());
    }

    public Task StopAsync(CancellationToken cancellationToken) => _inner.StopAsync(cancellationToken);

    public void Dispose() => _inner.Dispose();

    private void Listen(BindingAddress address)
    {
        if (address.PathBase.Length > 0)
        {
            throw new InvalidOperationException(
                $"A path base can only be configured using IApplicationBuilder.UsePathBase: \"{address}\".");
        }

        if (string.Equals(address.Scheme, "https", StringComparison.OrdinalIgnoreCase))
        {
            ListenHttps(address);
            return;
        }

        if (!string.Equals(address.Scheme, "http", StringComparison.OrdinalIgnoreCase))
        {
            throw new InvalidOperationException($"Unrecognized scheme in server address \"{address}\": only http and https are supported.");
        }

        var port = new SharedPort(
            EndPoints(address),
            IsLocalhost(address) ? $"localhost:{address.Port}" : null,
            _options.Limits.RequestHeadersTimeout,
            _timeProvider,
            _loggerFactory);
        _options.Listen(
            new SharedPortEndPoint(port, HttpProtocols.Http1),
            static listen => listen.Protocols = HttpProtocols.Http1);
        _options.Listen(
            new SharedPortEndPoint(port, HttpProtocols.Http2),
            static listen => listen.Protocols = HttpProtocols.Http2);
    }

    private void ListenHttps(BindingAddress address)
    {
        if (IsLocalhost(address))
        {
            _options.ListenLocalhost(address.Port, static listen => listen.UseHttps());
        }
        else if (address.IsUnixPipe)
        {
            _options.ListenUnixSocket(address.UnixPipePath, static listen => listen.UseHttps());
        }
        else if (IPAddress.TryParse(address.Host, out var ip))
        {
            _options.Listen(ip, address.Port, static listen => listen.UseHttps());
        }
        else
        {
            _options.ListenAnyIP(address.Port, static listen => listen.UseHttps());
        }
    }

    /// <summary>The sockets of an address, as Kestrel chooses them.</summary>
    private static IReadOnlyList<EndPoint> EndPoints(BindingAddress address)
    {
        if (address.IsUnixPipe)
        {
            return [new UnixDomainSocketEndPoint(address.UnixPipePath)];
        }

        if (IsLocalhost(address))
        {
            return address.Port == 0
                ? throw new InvalidOperationException(
                    "Dynamic port binding is not supported when binding to localhost. Bind to 127.0.0.1:0 or [::1]:0.")
                : [new IPEndPoint(IPAddress.Loopback, address.Port), new IPEndPoint(IPAddress.IPv6Loopback, address.Port)];
        }

        if (IPAddress.TryParse(address.Host, out var ip))
        {
            return [new IPEndPoint(ip, address.Port)];
        }

        // IPv6Any takes IPv4 connections as well.
        return [new IPEndPoint(Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any, address.Port)];
    }

    private static bool IsLocalhost(BindingAddress address) =>
        string.Equals(address.Host, "localhost", StringComparison.OrdinalIgnoreCase);

    private sealed class Addresses : IServerAddressesFeature
    {
        public List<string> Urls { get; } = [];

        public bool PreferHostingUrls { get; set; }

        ICollection<string> IServerAddressesFeature.Addresses => Urls;
    }
}
