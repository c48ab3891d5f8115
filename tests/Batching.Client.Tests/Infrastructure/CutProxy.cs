using System.Net;
using System.Net.Sockets;

namespace Batching.Client.Tests.Infrastructure;

/// <summary>Stands between a client and the gateway, and cuts their connections.</summary>
public sealed class CutProxy : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Uri _target;
    private readonly Func<int, long> _bytesOfReply;
    private readonly List<Socket> _open = [];
    private int _connections;

    /// <summary>Starts it.</summary>
    /// <param name="target">The gateway.</param>
    /// <param name="bytesOfReply">
    /// How many bytes of the gateway a connection lets through before it is cut; from the number of the connection, from 0.
    /// </param>
    public CutProxy(Uri target, Func<int, long> bytesOfReply)
    {
        _target = target;
        _bytesOfReply = bytesOfReply;
        _listener.Start();
        _ = AcceptAsync();
    }

    public Uri Address => new($"http://{_listener.LocalEndpoint}");

    /// <summary>Connections that there were.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>Cuts all connections that there are.</summary>
    public void Cut()
    {
        lock (_open)
        {
            foreach (var socket in _open)
            {
                // Sends a reset.
                socket.Close(timeout: 0);
            }

            _open.Clear();
        }
    }

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Stop();
        Cut();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptSocketAsync(_stop.Token);
                _ = ForwardAsync(client, _bytesOfReply(Interlocked.Increment(ref _connections) - 1));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // It was stopped.
        }
    }

    private async Task ForwardAsync(Socket client, long bytesOfReply)
    {
        using var gateway = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await gateway.ConnectAsync(_target.Host, _target.Port);
            lock (_open)
            {
                _open.Add(client);
                _open.Add(gateway);
            }

            // A connection that lets nothing through stays until it is cut from outside.
            await Task.WhenAny(
                CopyAsync(client, gateway, long.MaxValue),
                bytesOfReply == 0 ? Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, _stop.Token) : CopyAsync(gateway, client, bytesOfReply));
        }
        catch (SocketException)
        {
            // The gateway does not listen.
        }

        client.Close(timeout: 0);
    }

    private static async Task CopyAsync(Socket from, Socket to, long bytes)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            while (bytes > 0)
            {
                var read = await from.ReceiveAsync(buffer);
                if (read == 0)
                {
                    return;
                }

                var part = (int)Math.Min(read, bytes);
                await to.SendAsync(buffer.AsMemory(0, part));
                bytes -= part;
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // It was cut.
        }
    }
}
