using System.Net;
using Microsoft.Extensions.Logging;

namespace Grpc.AspNetCore.SharedPort.Internal;

internal static partial class SharedPortLog
{
    [LoggerMessage(1, LogLevel.Debug, "Connection {ConnectionId} was closed: its first bytes did not come in time.", EventName = "PrefaceTimeout")]
    public static partial void PrefaceTimeout(ILogger logger, string connectionId);

    [LoggerMessage(2, LogLevel.Debug, "Connection {ConnectionId} ended before its protocol was known: {Reason}", EventName = "DetectionFailed")]
    public static partial void DetectionFailed(ILogger logger, string connectionId, string reason);

    [LoggerMessage(3, LogLevel.Critical, "No more connections are accepted.", EventName = "AcceptFailed")]
    public static partial void AcceptFailed(ILogger logger, Exception exception);

    [LoggerMessage(4, LogLevel.Information, "Unable to bind to {EndPoint}: {Reason}", EventName = "AddressUnavailable")]
    public static partial void AddressUnavailable(ILogger logger, EndPoint endPoint, string reason);
}
