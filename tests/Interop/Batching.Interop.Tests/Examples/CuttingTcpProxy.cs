using System.Net;
using System.Net.Sockets;

namespace Batching.Interop.Tests.Examples;

/// <summary>
/// Stands in front of a gateway and passes on what comes, whatever it is, but cuts the first connection behind the first bytes of a
/// picture: in the middle of a result.
/// </summary>
internal sealed class CuttingTcpProxy : IAsyncDisposable
{
    private static readonly byte[] Picture = [0x89, (byte)'P', (byte)'N', (byte)'G'];

    private readonly CancellationTokenSource _stop = new();
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly IPEndPoint _gateway;
    private readonly List<Task> _connections = [];
    private readonly Task _accepting;
    private int _cuts;

    private CuttingTcpProxy(IPEndPoint gateway)
    {
        _gateway = gateway;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>Host and port.</summary>
    public string Address => $"127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    /// <summary>How many connections were cut.</summary>
    public int Cuts => Volatile.Read(ref _cuts);

    /// <summary>Starts one in front of a host and a port.</summary>
    public static CuttingTcpProxy Start(string gateway) => new(IPEndPoint.Parse(gateway));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_connections);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _connections.Add(PassOnAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }

    private async Task PassOnAsync(TcpClient client)
    {
        using var gateway = new TcpClient();
        using (client)
        {
            try
            {
                await gateway.ConnectAsync(_gateway, _stop.Token);
                await Task.WhenAny(
                    client.GetStream().CopyToAsync(gateway.GetStream(), _stop.Token),
                    ReplyAsync(gateway.GetStream(), client.GetStream()));
            }
            catch (Exception exception) when (exception is IOException or SocketException or OperationCanceledException)
            {
                // Either side may go at any time.
            }
        }
    }

    private async Task ReplyAsync(NetworkStream from, NetworkStream to)
    {
        var buffer = new byte[16 * 1024];
        while (await from.ReadAsync(buffer, _stop.Token) is > 0 and var count)
        {
            var place = buffer.AsSpan(0, count).IndexOf(Picture);
            if (place >= 0 && Interlocked.CompareExchange(ref _cuts, 1, 0) == 0)
            {
                await to.WriteAsync(buffer.AsMemory(0, place + Picture.Length), _stop.Token);
                return;
            }

            await to.WriteAsync(buffer.AsMemory(0, count), _stop.Token);
        }
    }
}
