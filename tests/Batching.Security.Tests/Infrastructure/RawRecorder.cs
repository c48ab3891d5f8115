using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Batching.Security.Tests.Infrastructure;

/// <summary>
/// An API that keeps the bytes of every request as they came over the wire, one character a byte, whatever they are.
/// </summary>
public sealed class RawRecorder : IAsyncDisposable
{
    private const string HeadEnd = "\r\n\r\n";

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentQueue<string> _requests = new();
    private readonly Func<string, string> _answer;
    private readonly Task _serving;

    private RawRecorder(Func<string, string>? answer)
    {
        _answer = answer ?? (_ => Json("{}"));
        _listener.Start();
        _serving = ServeAsync();
    }

    public string Address => $"http://{Authority}";

    /// <summary>What belongs into the <c>Host</c> of every request.</summary>
    public string Authority => ((IPEndPoint)_listener.LocalEndpoint).ToString();

    /// <summary>What has come in, in order.</summary>
    public IReadOnlyCollection<string> Requests => _requests;

    /// <summary>The request lines of what has come in.</summary>
    public IEnumerable<string> Lines => _requests.Select(request => request[..request.IndexOf('\r', StringComparison.Ordinal)]);

    /// <summary>Starts one.</summary>
    /// <param name="answer">Gives the bytes of the answer to a request; without it, every answer is <c>{}</c>.</param>
    public static RawRecorder Start(Func<string, string>? answer = null) => new(answer);

    /// <summary>An answer in JSON.</summary>
    public static string Json(string body, string fields = "") => string.Create(
        CultureInfo.InvariantCulture,
        $"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n{fields}\r\n{body}");

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _serving;
        _listener.Dispose();
    }

    private async Task ServeAsync()
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

            _ = ServeAsync(client);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                await ServeAsync(client.GetStream());
            }
            catch (IOException)
            {
                // The gateway has closed the connection.
            }
        }
    }

    private async Task ServeAsync(NetworkStream stream)
    {
        var buffer = new byte[16 * 1024];
        var received = "";
        while (true)
        {
            while (FindLength(received) is { } length && received.Length >= length)
            {
                var request = received[..length];
                received = received[length..];
                _requests.Enqueue(request);
                await stream.WriteAsync(Encoding.Latin1.GetBytes(_answer(request)));
            }

            var read = await stream.ReadAsync(buffer);
            if (read == 0)
            {
                if (received.Length > 0)
                {
                    _requests.Enqueue(received);
                }

                return;
            }

            received += Encoding.Latin1.GetString(buffer, 0, read);
        }
    }

    private static int? FindLength(string received)
    {
        var end = received.IndexOf(HeadEnd, StringComparison.Ordinal);
        if (end < 0)
        {
            return null;
        }

        var length = received[..end].Split("\r\n")
            .Where(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase))
            .Select(line => int.Parse(line.AsSpan(15), CultureInfo.InvariantCulture))
            .FirstOrDefault();
        return end + HeadEnd.Length + length;
    }
}
