using System.Net;
using System.Net.Sockets;

namespace Batching.Storage.Tests.Postgres;

/// <summary>Stands between a store and its server, and cuts the connection on which a commit is sent.</summary>
internal sealed class CutProxy : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _target;
    private byte[]? _marker;
    private bool _forwards;

    public CutProxy(int target)
    {
        _target = target;
        _listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Cuts the next connection on which some bytes are sent.</summary>
    /// <param name="marker">The bytes.</param>
    /// <param name="forwards">Whether the server gets them; its answer is lost in any case.</param>
    public void CutAt(ReadOnlySpan<byte> marker, bool forwards)
    {
        _forwards = forwards;
        Volatile.Write(ref _marker, marker.ToArray());
    }

    /// <summary>Whether the next connection is still to be cut.</summary>
    public bool IsArmed => Volatile.Read(ref _marker) is not null;

    public void Dispose() => _listener.Stop();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = RelayAsync(await _listener.AcceptTcpClientAsync());
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Stopped while it waits, or between two connections.
        }
    }

    private async Task RelayAsync(TcpClient client)
    {
        using var server = new TcpClient();
        using (client)
        {
            await server.ConnectAsync(IPAddress.Loopback, _target);
            await Task.WhenAny(SendAsync(client, server), CopyAsync(server.GetStream(), client.GetStream()));
        }
    }

    private static async Task CopyAsync(Stream from, Stream to)
    {
        try
        {
            await from.CopyToAsync(to);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
        }
    }

    private async Task SendAsync(TcpClient client, TcpClient server)
    {
        var buffer = new byte[1 << 20];
        try
        {
            int count;
            while ((count = await client.GetStream().ReadAsync(buffer)) > 0)
            {
                if (Volatile.Read(ref _marker) is { } marker && buffer.AsSpan(0, count).IndexOf(marker) >= 0)
                {
                    Volatile.Write(ref _marker, null);
                    client.Client.Close();
                    if (_forwards)
                    {
                        await server.GetStream().WriteAsync(buffer.AsMemory(0, count));

                        // Until the server has done it: it closes when it finds that nobody listens any more.
                        server.Client.Shutdown(SocketShutdown.Send);
                        while (await server.GetStream().ReadAsync(buffer) > 0)
                        {
                        }
                    }

                    return;
                }

                await server.GetStream().WriteAsync(buffer.AsMemory(0, count));
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or SocketException)
        {
        }
    }
}
