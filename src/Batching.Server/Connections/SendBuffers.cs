using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Batching.Server.Connections;

/// <summary>
/// Keeps what waits in the kernel for a client that reads slowly below 128 KiB. Linux otherwise takes in megabytes, and
/// takes in more only when a third of them is gone: a reader of 8 KiB a second then seems to stall for minutes, and what it
/// has not received counts as on its way for as long. What is under way in the network is not limited.
/// </summary>
internal static class SendBuffers
{
    private const int UnsentBytes = 128 * 1024;

    // linux/tcp.h
    private const int LinuxNotSentLowWater = 25;

    public static IWebHostBuilder UseSmallSendBuffers(this IWebHostBuilder hostBuilder) =>
        OperatingSystem.IsLinux()
            ? hostBuilder.UseSockets(static sockets => sockets.CreateBoundListenSocket = Bind)
            : hostBuilder;

    // The connections of a socket begin with its options.
    private static Socket Bind(EndPoint endpoint)
    {
        var socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
        if (endpoint is IPEndPoint)
        {
            socket.SetRawSocketOption((int)SocketOptionLevel.Tcp, LinuxNotSentLowWater, BitConverter.GetBytes(UnsentBytes));
        }

        return socket;
    }
}
