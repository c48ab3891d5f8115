using System.Net;

namespace Batching.Client.Internal;

/// <summary>The HTTP handler of a client that is given none.</summary>
internal static class BatchHttpHandler
{
    // A stream of results may be silent for a quarter of a minute. A machine that has gone is noticed by this.
    private static readonly TimeSpan PingDelay = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(15);

    /// <summary>Makes one, which its owner disposes of.</summary>
    public static SocketsHttpHandler Create() => new()
    {
        KeepAlivePingDelay = PingDelay,
        KeepAlivePingTimeout = PingTimeout,
        KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
        ConnectTimeout = ConnectTimeout,
        EnableMultipleHttp2Connections = true,
        AutomaticDecompression = DecompressionMethods.None,
    };
}
