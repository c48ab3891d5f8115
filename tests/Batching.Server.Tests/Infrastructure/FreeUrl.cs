using System.Net;
using System.Net.Sockets;

namespace Batching.Server.Tests.Infrastructure;

/// <summary>Addresses at which nobody listens yet.</summary>
public static class FreeUrl
{
    /// <summary>Finds one.</summary>
    public static string Find()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return $"http://{listener.LocalEndpoint}";
    }
}
