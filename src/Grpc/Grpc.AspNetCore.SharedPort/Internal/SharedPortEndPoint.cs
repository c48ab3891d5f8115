using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Grpc.AspNetCore.SharedPort.Internal;

/// <summary>One of the two Kestrel endpoints of a shared port.</summary>
internal sealed class SharedPortEndPoint(SharedPort port, HttpProtocols protocol) : EndPoint
{
    public SharedPort Port { get; } = port;

    public HttpProtocols Protocol { get; } = protocol;

    /// <summary>Kestrel makes the address that it reports from this.</summary>
    public override string ToString() => Port.DisplayName;
}
