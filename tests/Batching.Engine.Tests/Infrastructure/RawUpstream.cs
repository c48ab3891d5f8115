using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Batching.Engine.Tests.Infrastructure;

/// <summary>A server that speaks whatever a test writes to its connections.</summary>
internal sealed class RawUpstream : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Func<RawConnection, Task> _serve;
    private readonly Task _accepting;
    private int _connections;

    /// <param name="serve">Serves a connection, which is closed when it returns.</param>
    public RawUpstream(Func<RawConnection, Task> serve)
    {
        _serve = serve;
        _listener.Start();
        Url = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");
        _accepting = AcceptAsync();
    }

    public Uri Url { get; }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _accepting;
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            TcpClient client;
            try
            {
                client = await _listener.AcceptTcpClientAsync();
            }
            // Stopped while it waits, or between two connections.
            catch (Exception exception)
                when (exception is SocketException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }

            _ = ServeAsync(new RawConnection(client, Interlocked.Increment(ref _connections)));
        }
    }

    private async Task ServeAsync(RawConnection connection)
    {
        using (connection)
        {
            try
            {
                await _serve(connection);
            }
            catch (IOException)
            {
                // The client has gone.
            }
        }
    }

    /// <summary>One connection.</summary>
    /// <param name="client">The socket.</param>
    /// <param name="number">1 for the first.</param>
    internal sealed class RawConnection(TcpClient client, int number) : IDisposable
    {
        private readonly NetworkStream _stream = client.GetStream();

        public int Number => number;

        /// <summary>Reads a request with its body; null when the client has closed.</summary>
        public async Task<string?> ReadRequestAsync()
        {
            var request = new StringBuilder();
            var buffer = new byte[4096];
            while (true)
            {
                var text = request.ToString();
                var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
                if (end >= 0 && text.Length >= end + 4 + ContentLength(text[..end]))
                {
                    return text;
                }

                var read = await _stream.ReadAsync(buffer);
                if (read == 0)
                {
                    return null;
                }

                request.Append(Encoding.Latin1.GetString(buffer, 0, read));
            }
        }

        public async Task WriteAsync(string text) => await _stream.WriteAsync(Encoding.Latin1.GetBytes(text));

        /// <summary>Closes with a reset instead of an orderly end.</summary>
        public void Reset()
        {
            client.LingerState = new LingerOption(true, 0);
            client.Close();
        }

        public void Dispose() => client.Dispose();

        private static int ContentLength(string head) => head.Split("\r\n")
            .Where(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase))
            .Select(line => int.Parse(line.AsSpan(15), provider: null))
            .FirstOrDefault();
    }
}
