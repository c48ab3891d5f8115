using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Grpc.AspNetCore.Server.Internal;

internal static partial class GrpcServerLog
{
    [LoggerMessage(1, LogLevel.Error, "Error when executing service method '{ServiceMethod}'.", EventName = "ErrorExecutingServiceMethod")]
    public static partial void ErrorExecutingServiceMethod(ILogger logger, string serviceMethod, Exception exception);

    [LoggerMessage(2, LogLevel.Information, "Call of '{ServiceMethod}' ended with {StatusCode}: {Detail}", EventName = "RpcFailed")]
    public static partial void RpcFailed(ILogger logger, string serviceMethod, StatusCode statusCode, string detail);

    [LoggerMessage(3, LogLevel.Debug, "Request with content type '{ContentType}' is no gRPC.", EventName = "UnsupportedContentType")]
    public static partial void UnsupportedContentType(ILogger logger, string? contentType);

    [LoggerMessage(4, LogLevel.Debug, "Request over '{Protocol}': gRPC needs HTTP/2.", EventName = "UnsupportedProtocol")]
    public static partial void UnsupportedProtocol(ILogger logger, string protocol);

    [LoggerMessage(5, LogLevel.Debug, "The deadline of a call of '{ServiceMethod}' passed after {Timeout}.", EventName = "DeadlineExceeded")]
    public static partial void DeadlineExceeded(ILogger logger, string serviceMethod, TimeSpan timeout);

    [LoggerMessage(6, LogLevel.Debug, "The client cancelled a call of '{ServiceMethod}'.", EventName = "CallCancelled")]
    public static partial void CallCancelled(ILogger logger, string serviceMethod);

    [LoggerMessage(7, LogLevel.Debug, "A call of '{ServiceMethod}' failed after its end.", EventName = "FailedAfterEnd")]
    public static partial void FailedAfterEnd(ILogger logger, string serviceMethod, Exception exception);

    [LoggerMessage(8, LogLevel.Error, "The trailers of a call of '{ServiceMethod}' can't be sent.", EventName = "InvalidTrailers")]
    public static partial void InvalidTrailers(ILogger logger, string serviceMethod, Exception exception);

    [LoggerMessage(9, LogLevel.Debug, "No service is mapped for '{Path}'.", EventName = "ServiceUnimplemented")]
    public static partial void ServiceUnimplemented(ILogger logger, string? path);

    [LoggerMessage(10, LogLevel.Debug, "No method is mapped for '{Path}'.", EventName = "MethodUnimplemented")]
    public static partial void MethodUnimplemented(ILogger logger, string? path);

    [LoggerMessage(11, LogLevel.Debug, "No gRPC methods discovered for {ServiceType}: it derives from no generated base class.", EventName = "BindMethodNotFound")]
    public static partial void BindMethodNotFound(ILogger logger, Type serviceType);

    [LoggerMessage(12, LogLevel.Trace, "Added gRPC method '{MethodName}' to service '{ServiceName}'. Route pattern: '{RoutePattern}'.", EventName = "AddedServiceMethod")]
    public static partial void AddedServiceMethod(ILogger logger, string methodName, string serviceName, string? routePattern);
}
