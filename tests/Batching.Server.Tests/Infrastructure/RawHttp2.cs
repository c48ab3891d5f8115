using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Batching.Server.Tests.Infrastructure;

/// <summary>A client that speaks as much HTTP/2 as it takes to open a call, and reads nothing.</summary>
public sealed class RawHttp2 : IDisposable
{
    private const int SettingsFrame = 4;
    private const int WindowUpdateFrame = 8;

    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096, NoDelay = true };
    private readonly string _authority;

    private RawHttp2(string authority) => _authority = authority;

    /// <summary>Whether the server has closed the connection with unread data in it.</summary>
    public bool IsReset =>
        (int)_socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error)! != 0 || !_socket.Connected;

    public static async Task<RawHttp2> ConnectAsync(string address)
    {
        var uri = new Uri(address);
        var client = new RawHttp2(uri.Authority);
        await client._socket.ConnectAsync(IPAddress.Loopback, uri.Port);
        return client;
    }

    /// <summary>Opens a gRPC call with one message.</summary>
    /// <param name="path">The method.</param>
    /// <param name="message">The message, shorter than 256 bytes.</param>
    /// <param name="window">How many bytes the server may send.</param>
    public async Task OpenGrpcAsync(string path, byte[] message, int window)
    {
        var settings = new byte[6];
        settings[1] = 4; // SETTINGS_INITIAL_WINDOW_SIZE
        BinaryPrimitives.WriteInt32BigEndian(settings.AsSpan(2), window);
        var update = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(update, int.MaxValue - 65_535);
        byte[] headers =
        [
            .. Field(":method", "POST"), .. Field(":scheme", "http"), .. Field(":path", path),
            .. Field(":authority", _authority), .. Field("content-type", "application/grpc"), .. Field("te", "trailers"),
        ];
        await _socket.SendAsync((byte[])
        [
            .. Encoding.ASCII.GetBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
            .. Frame(SettingsFrame, 0, 0, settings),
            .. Frame(WindowUpdateFrame, 0, 0, update),
            .. Frame(1, 0x4, 1, headers),
            .. Frame(0, 0x1, 1, [0, 0, 0, 0, (byte)message.Length, .. message]),
        ]);
    }

    public void Dispose() => _socket.Dispose();

    private static byte[] Frame(byte type, byte flags, int stream, byte[] payload)
    {
        var frame = new byte[9 + payload.Length];
        BinaryPrimitives.WriteInt16BigEndian(frame.AsSpan(1), (short)payload.Length);
        frame[3] = type;
        frame[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame, 9);
        return frame;
    }

    // RFC 7541, 6.2.2: a literal without indexing, its name and value as they are.
    private static byte[] Field(string name, string value) =>
    [
        0, (byte)name.Length, .. Encoding.ASCII.GetBytes(name), (byte)value.Length, .. Encoding.ASCII.GetBytes(value),
    ];
}
