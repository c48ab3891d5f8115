using System.Net.Sockets;
using Google.Rpc;
using Grpc.Core;

namespace Batching.Client.Internal;

/// <summary>Reads in what way a call has failed.</summary>
internal static class Failures
{
    /// <summary>The failure as callers of the library see it.</summary>
    public static BatchException ToBatchException(this RpcException exception)
    {
        var status = exception.GetRpcStatus();
        var problems = status?.GetDetail<BadRequest>()?.FieldViolations
            .Select(violation => new BatchProblem(violation.Field, violation.Description))
            .ToArray() ?? [];
        return new BatchException(
            exception.Status.Detail, exception.StatusCode, problems, FindRetryDelay(status), exception);
    }

    /// <summary>The time for which the gateway wants to be left alone; null if it doesn't say.</summary>
    public static TimeSpan? FindRetryDelay(this RpcException exception) => FindRetryDelay(exception.GetRpcStatus());

    /// <summary>Whether a call that may be made twice is worth another try.</summary>
    /// <param name="exception">The failure.</param>
    /// <param name="cancellationToken">The caller's own reason to end the call.</param>
    public static bool IsTransient(this RpcException exception, CancellationToken cancellationToken) =>
        !cancellationToken.IsCancellationRequested && exception.StatusCode switch
        {
            StatusCode.Unavailable or StatusCode.DeadlineExceeded => true,
            // A connection that broke is one of these, and so is a stream that the gateway or a proxy has reset. Those that the
            // gateway itself says are final, but for quotas that are free again after a while.
            StatusCode.Internal or StatusCode.Cancelled or StatusCode.Unknown => exception.Status.DebugException is not null,
            StatusCode.ResourceExhausted => exception.Status.DebugException is not null || exception.FindRetryDelay() is not null,
            _ => false,
        };

    /// <summary>
    /// Whether a call that must not be made twice can't have changed anything: it was never sent, or the gateway says that it has
    /// refused it and when to come again.
    /// </summary>
    public static bool HasChangedNothing(this RpcException exception) =>
        exception.FindRetryDelay() is not null
        // A channel that balances loads connects before it sends anything.
        || exception.Status.DebugException is SocketException or HttpRequestException
        {
            HttpRequestError: HttpRequestError.ConnectionError
                or HttpRequestError.NameResolutionError
                or HttpRequestError.SecureConnectionError
                or HttpRequestError.ProxyTunnelError,
        };

    /// <summary>Whether the gateway has refused a call for good, so that nothing of it was done.</summary>
    public static bool IsRefusal(this RpcException exception) => exception.StatusCode
        is StatusCode.InvalidArgument
        or StatusCode.NotFound
        or StatusCode.Aborted
        or StatusCode.PermissionDenied
        or StatusCode.Unauthenticated
        or StatusCode.FailedPrecondition
        or StatusCode.OutOfRange
        or StatusCode.Unimplemented
        || exception.StatusCode == StatusCode.ResourceExhausted && exception.Status.DebugException is null;

    private static TimeSpan? FindRetryDelay(Google.Rpc.Status? status) =>
        status?.GetDetail<RetryInfo>()?.RetryDelay?.ToTimeSpan();
}
