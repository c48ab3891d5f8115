using System.Net;
using System.Net.Sockets;

namespace Batching.Testing;

/// <summary>
/// Ports for programs that can't choose one themselves. Another process may take one first; whatever can listen at port 0
/// does that instead.
/// </summary>
public static class FreePort
{
    /// <summary>Finds a port of the loopback address that nobody listens at.</summary>
    public static int Find()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Finds an address at such a port.</summary>
    public static string FindUrl() => $"http://127.0.0.1:{Find()}";
}
