using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Batching.SharedPort.Tests.Infrastructure;

/// <summary>A connection whose every byte a test chooses.</summary>
internal sealed class RawConnection : IDisposable
{
    private readonly Socket _socket;
    private readonly NetworkStream _stream;

    private RawConnection(Socket socket)
    {
        _socket = socket;
        _stream = new NetworkStream(socket);
    }

    /// <summary>What every HTTP/2 connection begins with (RFC 9113, section 3.4).</summary>
    public static byte[] Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray();

    /// <summary>The preface and the frame that follows it.</summary>
    public static byte[] Hello => [.. Preface, .. Bytes(Frame.Settings, 0, 0, [])];

    public static async Task<RawConnection> ConnectAsync(IPEndPoint endPoint)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(endPoint).WithDeadlineAsync();
        return new RawConnection(socket);
    }

    public static byte[] Http1Get(string path) => Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");

    /// <summary>A request on stream 1. Its fields are literals, but for method and scheme (RFC 7541, appendix A).</summary>
    public static byte[] Http2Get(string path) => Bytes(
        Frame.Headers,
        0x5,
        1,
        [0x82, 0x86, 0x04, (byte)path.Length, .. Encoding.ASCII.GetBytes(path), 0x01, 1, (byte)'a']);

    public Task SendAsync(params byte[] bytes) => _stream.WriteAsync(bytes).AsTask().WithDeadlineAsync();

    /// <summary>Says that nothing more comes.</summary>
    public void EndSending() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>Ends the connection with a reset.</summary>
    public void Reset()
    {
        _socket.LingerState = new LingerOption(true, 0);
        _socket.Dispose();
    }

    /// <summary>Everything until the server ends the connection.</summary>
    public async Task<byte[]> ReadToEndAsync()
    {
        using var bytes = new MemoryStream();
        await _stream.CopyToAsync(bytes).WithDeadlineAsync();
        return bytes.ToArray();
    }

    /// <summary>The head of an HTTP/1.1 response, and its body if that has a length.</summary>
    public async Task<string> ReadHttp1Async()
    {
        var head = new StringBuilder();
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            head.Append((char)(await ReadAsync(1))[0]);
        }

        var length = head.ToString().Split("\r\n")
            .FirstOrDefault(line => line.StartsWith("Content-Length: ", StringComparison.Ordinal))?.Split(' ')[1] ?? "0";
        return head + Encoding.UTF8.GetString(await ReadAsync(int.Parse(length, null)));
    }

    /// <summary>The body of the response to <see cref="Http2Get"/>.</summary>
    public async Task<string> ReadHttp2Async()
    {
        var body = new List<byte>();
        Frame frame;
        do
        {
            frame = await ReadFrameAsync();
            if (frame.Type == Frame.Data)
            {
                body.AddRange(frame.Payload);
            }
        }
        while (!frame.EndsStream);
        return Encoding.UTF8.GetString([.. body]);
    }

    public async Task<Frame> ReadFrameAsync(byte type)
    {
        Frame frame;
        do
        {
            frame = await ReadFrameAsync();
        }
        while (frame.Type != type);
        return frame;
    }

    public async Task<Frame> ReadFrameAsync()
    {
        var header = await ReadAsync(9);
        var length = BinaryPrimitives.ReadInt32BigEndian(header) >> 8;
        var stream = BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(5));
        return new Frame(header[3], header[4], stream, await ReadAsync(length));
    }

    public void Dispose()
    {
        _stream.Dispose();
        _socket.Dispose();
    }

    private static byte[] Bytes(byte type, byte flags, byte stream, byte[] payload) =>
        [0, 0, (byte)payload.Length, type, flags, 0, 0, 0, stream, .. payload];

    private async Task<byte[]> ReadAsync(int count)
    {
        var bytes = new byte[count];
        await _stream.ReadExactlyAsync(bytes).AsTask().WithDeadlineAsync();
        return bytes;
    }
}
