namespace Grpc.Core;

/// <summary>Turns a <c>google.rpc.Status</c> into an exception that carries it to the client.</summary>
public static class RpcStatusExtensions
{
    /// <summary>An exception with the status's code and message, and the status itself in the trailers.</summary>
    public static RpcException ToRpcException(this Google.Rpc.Status status)
    {
        ArgumentNullException.ThrowIfNull(status);
        return status.ToRpcException((StatusCode)status.Code, status.Message);
    }

    /// <summary>The same with another code and message in <c>grpc-status</c> and <c>grpc-message</c>.</summary>
    public static RpcException ToRpcException(this Google.Rpc.Status status, StatusCode statusCode, string message)
    {
        ArgumentNullException.ThrowIfNull(status);
        var trailers = new Metadata();
        trailers.SetRpcStatus(status);
        return new RpcException(new Status(statusCode, message), trailers);
    }
}
