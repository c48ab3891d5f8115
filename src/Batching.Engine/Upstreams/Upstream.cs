using System.Diagnostics.Metrics;
using System.Text;
using Batching.Engine.Configuration;
using Batching.Engine.Telemetry;

namespace Batching.Engine.Upstreams;

/// <summary>One API behind the gateway, with its connections.</summary>
internal sealed class Upstream : IDisposable
{
    /// <param name="options">As configured.</param>
    /// <param name="limits">How large answers may be.</param>
    /// <param name="metrics">Counts what comes of its calls; null if nobody does.</param>
    /// <param name="meters">Makes the meter of the calls themselves; null for that of the process.</param>
    public Upstream(
        UpstreamOptions options, LimitOptions limits, BatchMetrics? metrics = null, IMeterFactory? meters = null)
    {
        Prefix = options.Prefix.TrimEnd('/');
        Name = Prefix + "/";
        BaseAddress = options.BaseAddress!.GetLeftPart(UriPartial.Path).TrimEnd('/');
        BasePath = options.BaseAddress.AbsolutePath.TrimEnd('/');
        Authority = options.BaseAddress.Authority;
        Scheme = options.BaseAddress.Scheme;
        Host = options.BaseAddress.IdnHost;
        Port = options.BaseAddress.Port;
        Options = options;
        Timeout = options.Timeout;
        Pagination = options.Pagination;
        GetsCredential = options.ForwardCredential;
        Metrics = metrics?.Of(Name);
        Shared = options.Coalesce ? new SharedCalls() : null;
        Invoker = new HttpMessageInvoker(new SocketsHttpHandler
        {
            // Redirects, cookies and encodings are part of the answer, and a proxy would be another host.
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            ActivityHeadersPropagator = null,
            MeterFactory = meters,
            RequestHeaderEncodingSelector = static (name, message) => SelectEncoding(name, (UpstreamMessage)message),
            // As it is: ResponseHeaders tells UTF-8 from Latin-1, which no encoding does. Without a selector Location alone
            // would be read differently.
            ResponseHeaderEncodingSelector = static (_, _) => Encoding.Latin1,
            // In KiB.
            MaxResponseHeadersLength = (limits.ResponseHeaderBytes + 1023) / 1024,
            ConnectTimeout = options.ConnectTimeout,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            ConnectCallback = options.ConnectCallback,
            SslOptions = UpstreamTls.Create(options.Tls),
        });
    }

    /// <summary>Without a trailing slash; empty for every path.</summary>
    public string Prefix { get; }

    /// <summary>The name that operators know it by.</summary>
    public string Name { get; }

    /// <summary>The numbers of this upstream; null if nobody counts.</summary>
    public UpstreamMetrics? Metrics { get; }

    /// <summary>Without a trailing slash.</summary>
    public string BaseAddress { get; }

    /// <summary>The path of the base address, without a trailing slash.</summary>
    public string BasePath { get; }

    /// <summary>Host and, unless it is the scheme's own, port of the base address.</summary>
    public string Authority { get; }

    /// <summary>The host of the base address.</summary>
    public string Host { get; }

    /// <summary>Its port.</summary>
    public int Port { get; }

    /// <summary><c>http</c> or <c>https</c>.</summary>
    public string Scheme { get; }

    /// <summary>As configured.</summary>
    public UpstreamOptions Options { get; }

    public TimeSpan Timeout { get; }

    public PaginationOptions Pagination { get; }

    /// <summary>Whether the caller's credential is meant for this API.</summary>
    public bool GetsCredential { get; }

    public HttpMessageInvoker Invoker { get; }

    /// <summary>The calls that others with the same request may wait for; null if each makes its own.</summary>
    public SharedCalls? Shared { get; }

    /// <summary>Whether a path belongs to this upstream, by whole segments.</summary>
    public bool Owns(ReadOnlySpan<char> path) =>
        path.StartsWith(Prefix, StringComparison.Ordinal)
        && (path.Length == Prefix.Length || path[Prefix.Length] is '/' or '?');

    // Without an encoding, values that are not ASCII would fail the request.
    private static Encoding SelectEncoding(string name, UpstreamMessage message)
    {
        if (name.Equals(UpstreamMessage.CountedField, StringComparison.OrdinalIgnoreCase))
        {
            message.CountSend();
        }

        return Encoding.UTF8;
    }

    public void Dispose() => Invoker.Dispose();
}
