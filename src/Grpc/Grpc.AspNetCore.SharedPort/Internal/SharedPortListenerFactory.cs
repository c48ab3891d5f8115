using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Grpc.AspNetCore.SharedPort.Internal;

/// <summary>Binds the endpoints of shared ports; every other endpoint stays with Kestrel's own factory.</summary>
internal sealed class SharedPortListenerFactory(IOptions<SocketTransportOptions> options, ILoggerFactory loggerFactory)
    : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    private readonly SocketTransportFactory _sockets = new(options, loggerFactory);

    public bool CanBind(EndPoint endpoint) => endpoint is SharedPortEndPoint;

    public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var shared = (SharedPortEndPoint)endpoint;
        await shared.Port.BindAsync(_sockets, cancellationToken);
        return new SharedPortListener(shared);
    }
}
