using System.Net;
using System.Net.Sockets;

namespace Batching.Engine.Webhooks;

/// <summary>
/// Connects to receivers. The addresses are checked that are connected to, not those of an earlier lookup: a name may resolve to
/// others each time.
/// </summary>
/// <param name="allowsAll">Every address may be connected to.</param>
internal sealed class ReceiverConnector(bool allowsAll)
{
    /// <summary>Connects.</summary>
    /// <param name="endPoint">The receiver.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ReceiverRefusedException">It has no address that may be connected to.</exception>
    /// <exception cref="SocketException">The name does not resolve, or there is no connection.</exception>
    public async ValueTask<Stream> ConnectAsync(DnsEndPoint endPoint, CancellationToken cancellationToken)
    {
        var addresses = await Dns.GetHostAddressesAsync(endPoint.Host, cancellationToken);
        IPAddress[] allowed = allowsAll ? addresses : [.. addresses.Where(PublicAddresses.Contains)];
        if (allowed.Length == 0)
        {
            throw addresses.Length == 0
                ? new SocketException((int)SocketError.HostNotFound)
                : new ReceiverRefusedException(
                    $"The host has the private address {addresses[0]}, which is not allowed ({PublicAddresses.OptionName}).");
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, endPoint.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
