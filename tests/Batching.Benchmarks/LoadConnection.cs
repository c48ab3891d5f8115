using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;

namespace Batching.Benchmarks;

/// <summary>
/// One HTTP/1.1 connection that sends the same request again and again. It reads no more of a reply than it needs to
/// find the end, so that the load takes little of the machine it shares with what is measured.
/// </summary>
internal sealed class LoadConnection : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private byte[] _buffer = new byte[256 * 1024];
    private int _length;

    /// <summary>The head and body of the last reply, as they came.</summary>
    public ReadOnlySpan<byte> Reply => _buffer.AsSpan(0, _length);

    public Task ConnectAsync(int port) => _socket.ConnectAsync(IPAddress.Loopback, port);

    /// <summary>Sends a request and reads the whole reply.</summary>
    /// <exception cref="TimeoutException">It is not there within a minute.</exception>
    public Task SendAsync(ReadOnlyMemory<byte> request) => ExchangeAsync(request).WaitAsync(Deadline);

    public void Dispose() => _socket.Dispose();

    private async Task ExchangeAsync(ReadOnlyMemory<byte> request)
    {
        await _socket.SendAsync(request);
        _length = 0;
        while (!IsComplete())
        {
            if (_length == _buffer.Length)
            {
                Array.Resize(ref _buffer, _buffer.Length * 2);
            }

            var read = await _socket.ReceiveAsync(_buffer.AsMemory(_length));
            if (read == 0)
            {
                throw new IOException("The connection was closed.");
            }

            _length += read;
        }
    }

    private bool IsComplete()
    {
        var headEnd = Reply.IndexOf("\r\n\r\n"u8);
        if (headEnd < 0)
        {
            return false;
        }

        var head = Reply[..(headEnd + 2)];
        var body = Reply[(headEnd + 4)..];
        if (!head.StartsWith("HTTP/1.1 200"u8))
        {
            throw new IOException(System.Text.Encoding.UTF8.GetString(Reply));
        }

        if (Find(head, "\r\ncontent-length: "u8, "\r\nContent-Length: "u8) is var at && at >= 0)
        {
            return Utf8Parser.TryParse(head[at..], out int announced, out _) && body.Length >= announced;
        }

        return HasLastChunk(body);
    }

    private static bool HasLastChunk(ReadOnlySpan<byte> body)
    {
        while (Utf8Parser.TryParse(body, out uint size, out var digits, 'x') && body.Length >= digits + 2)
        {
            if (size == 0)
            {
                return body.Length >= digits + 4;
            }

            var next = digits + 2 + (int)size + 2;
            if (body.Length < next)
            {
                return false;
            }

            body = body[next..];
        }

        return false;
    }

    private static int Find(ReadOnlySpan<byte> head, ReadOnlySpan<byte> lower, ReadOnlySpan<byte> upper)
    {
        var at = head.IndexOf(lower);
        at = at < 0 ? head.IndexOf(upper) : at;
        return at < 0 ? -1 : at + lower.Length;
    }
}
