namespace Batching.Interop.Tests.Proxies;

/// <summary>The proxies that people put in front, as Debian has them.</summary>
public enum ProxyKind
{
    /// <summary>nginx: <c>proxy_pass</c> for REST and <c>grpc_pass</c> for gRPC.</summary>
    Nginx,

    /// <summary>HAProxy in its mode for HTTP.</summary>
    HaProxy,

    /// <summary>Caddy's <c>reverse_proxy</c>.</summary>
    Caddy,
}
