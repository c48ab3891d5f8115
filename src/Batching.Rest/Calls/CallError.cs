using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using RpcStatus = Google.Rpc.Status;

namespace Batching.Rest.Calls;

/// <summary>An error on its way to the client: what happened, and the HTTP status that says it best.</summary>
internal readonly record struct CallError(int HttpStatus, RpcStatus Status)
{
    /// <summary>An error that gRPC has a code for.</summary>
    public static CallError FromRpc(RpcStatus status) =>
        new(HttpStatusCodes.FromGrpc((StatusCode)status.Code), status);

    /// <summary>The same without details.</summary>
    public static CallError FromRpc(StatusCode code, string message) =>
        FromRpc(new RpcStatus { Code = (int)code, Message = message });

    /// <summary>An error that HTTP has a closer word for than gRPC.</summary>
    public static CallError FromHttp(int httpStatus, StatusCode code, string message) =>
        new(httpStatus, new RpcStatus { Code = (int)code, Message = message });

    /// <summary>Fields that can't be read, all of them at once.</summary>
    public static CallError FromFields(params IEnumerable<BadRequest.Types.FieldViolation> violations)
    {
        var details = new BadRequest { FieldViolations = { violations } };
        var first = details.FieldViolations[0];
        return FromRpc(new RpcStatus
        {
            Code = (int)StatusCode.InvalidArgument,
            Message = first.Field.Length == 0 ? first.Description : $"{first.Field}: {first.Description}",
            Details = { Any.Pack(details) },
        });
    }

    /// <summary>What was thrown over gRPC's own way. Its details travel in a trailer.</summary>
    public static CallError FromRpc(RpcException exception) => FromRpc(new RpcStatus
    {
        // Code and message of the call win; the trailer only adds to them.
        Code = (int)exception.StatusCode,
        Message = exception.Status.Detail,
        Details = { exception.GetRpcStatus()?.Details ?? [] },
    });
}
