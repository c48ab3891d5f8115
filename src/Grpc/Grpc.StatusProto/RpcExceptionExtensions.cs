namespace Grpc.Core;

/// <summary>The rich error model in exceptions.</summary>
public static class RpcExceptionExtensions
{
    /// <summary>The <c>google.rpc.Status</c> that the server sent with the error, or null; an unreadable one is null.</summary>
    public static Google.Rpc.Status? GetRpcStatus(this RpcException exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        return exception.Trailers.GetRpcStatus(ignoreParseError: true);
    }
}
