using System.Net;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;

namespace Grpc.AspNetCore.SharedPort.Internal;

/// <summary>Gives Kestrel the connections of one of the protocols.</summary>
internal sealed class SharedPortListener(SharedPortEndPoint endPoint) : IConnectionListener
{
    private readonly ChannelReader<ConnectionContext> _connections = endPoint.Port.Connections(endPoint.Protocol);

    public EndPoint EndPoint => endPoint;

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (await _connections.WaitToReadAsync(cancellationToken))
        {
            if (_connections.TryRead(out var connection))
            {
                return connection;
            }
        }

        return null;
    }

    public ValueTask UnbindAsync(CancellationToken cancellationToken = default) => endPoint.Port.UnbindAsync(cancellationToken);

    public ValueTask DisposeAsync() => endPoint.Port.DisposeAsync();
}
