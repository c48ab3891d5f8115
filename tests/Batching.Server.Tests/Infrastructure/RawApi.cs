using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Batching.Server.Tests.Infrastructure;

/// <summary>An API that breaks the rules of HTTP: to every connection it sends some bytes and closes it.</summary>
public sealed class RawApi : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly byte[] _answer;
    private readonly Task _serving;

    public RawApi(string answer)
    {
        _answer = Encoding.Latin1.GetBytes(answer);
        _listener.Start();
        _serving = ServeAsync();
    }

    public string Address => $"http://{_listener.LocalEndpoint}";

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _listener.Dispose();
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            using var client = await _listener.AcceptTcpClientAsync();
            try
            {
                var stream = client.GetStream();
                var buffer = new byte[16 * 1024];
                var head = "";
                while (!head.Contains("\r\n\r\n", StringComparison.Ordinal))
                {
                    var read = await stream.ReadAsync(buffer);
                    if (read == 0)
                    {
                        break;
                    }

                    head += Encoding.Latin1.GetString(buffer, 0, read);
                }

                await stream.WriteAsync(_answer);
            }
            catch (IOException)
            {
                // The gateway has gone first.
            }
        }
    }
}
