using Microsoft.Extensions.Logging;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Calls;

internal static partial class JsonTranscodingLog
{
    [LoggerMessage(
        1,
        LogLevel.Error,
        "Error when executing service method '{Method}'.",
        EventName = "ErrorExecutingServiceMethod")]
    public static partial void ErrorExecutingServiceMethod(ILogger logger, string method, Exception exception);

    [LoggerMessage(
        2,
        LogLevel.Information,
        "Error status code '{Code}' with detail '{Detail}' raised by '{Method}'.",
        EventName = "RpcError")]
    public static partial void RpcError(ILogger logger, Grpc.Core.StatusCode code, string detail, string method);

    [LoggerMessage(3, LogLevel.Debug, "A request for '{Method}' was refused: {Reason}", EventName = "RequestRefused")]
    public static partial void RequestRefused(ILogger logger, string method, string reason);

    [LoggerMessage(4, LogLevel.Error, "The reply of '{Method}' has no JSON form.", EventName = "ErrorWritingReply")]
    public static partial void ErrorWritingReply(ILogger logger, string method, Exception exception);

    [LoggerMessage(
        5, LogLevel.Error, "The dialect {Dialect} failed to write an error.", EventName = "ErrorWritingError")]
    public static partial void ErrorWritingError(ILogger logger, Type dialect, Exception exception);

    [LoggerMessage(6, LogLevel.Debug, "The client of '{Method}' went away.", EventName = "ClientGone")]
    public static partial void ClientGone(ILogger logger, string method);

    [LoggerMessage(7, LogLevel.Debug, "The deadline of '{Method}' passed.", EventName = "DeadlineExceeded")]
    public static partial void DeadlineExceeded(ILogger logger, string method);

    [LoggerMessage(8, LogLevel.Debug, "{HttpMethod} {Template} is served by '{Method}'.", EventName = "RouteAdded")]
    public static partial void RouteAdded(ILogger logger, string httpMethod, string template, string method);
}
