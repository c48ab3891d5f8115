using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using RpcStatus = Google.Rpc.Status;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Calls;

/// <summary>An error on its way to the client: what happened, and the HTTP status that says it best.</summary>
internal readonly record struct CallError(int HttpStatus, RpcStatus Status)
{
    public static CallError FromRpc(RpcStatus status) =>
        new(HttpStatusCodes.FromGrpc((StatusCode)status.Code), status);

    public static CallError FromRpc(StatusCode code, string message) =>
        FromRpc(new RpcStatus { Code = (int)code, Message = message });

    /// <summary>A request that HTTP has a closer word for than gRPC.</summary>
    public static CallError FromHttp(int httpStatus, StatusCode code, string message) =>
        new(httpStatus, new RpcStatus { Code = (int)code, Message = message });

    public static CallError FromRequest(InvalidRequestException error) => new(
        StatusCodes.Status400BadRequest,
        new RpcStatus
        {
            Code = (int)StatusCode.InvalidArgument,
            Message = error.Message,
            Details = { Any.Pack(error.Details) },
        });

    /// <summary>The error that a status and the trailers around it make; the details travel in a trailer.</summary>
    public static CallError FromStatus(Status status, Metadata trailers) => FromRpc(new RpcStatus
    {
        // Code and message of the call win, as in gRPC, where the trailer only adds to them.
        Code = (int)status.StatusCode,
        Message = status.Detail,
        Details = { trailers.GetRpcStatus(ignoreParseError: true)?.Details ?? [] },
    });
}
