using System.Net;

namespace Batching.Server.Connections;

internal static partial class AddressConnectionsLog
{
    [LoggerMessage(1, LogLevel.Debug, "A connection from {Address} was closed: there are {Limit} already (Batch:Limits:ConnectionsPerAddress)", EventName = "Refused")]
    public static partial void Refused(ILogger logger, IPAddress address, int limit);
}
