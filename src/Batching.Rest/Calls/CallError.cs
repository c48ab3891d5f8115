using Batching.Engine.Content;
using Batching.Engine.Model;
using Grpc.Core;
using RpcStatus = Google.Rpc.Status;

namespace Batching.Rest.Calls;

/// <summary>
/// An error on its way to the client: what happened, and the HTTP status that says it best. What is too long is cut off,
/// see <see cref="CallerText"/>.
/// </summary>
internal readonly record struct CallError
{
    private CallError(int httpStatus, RpcStatus status)
    {
        HttpStatus = httpStatus;
        Status = status;
        Status.Message = CallerText.Shorten(status.Message, CallerText.MaxMessageLength);
    }

    public int HttpStatus { get; }

    public RpcStatus Status { get; }

    /// <summary>An error that gRPC has a code for.</summary>
    public static CallError FromRpc(RpcStatus status) =>
        new(HttpStatusCodes.FromGrpc((StatusCode)status.Code), status);

    /// <summary>An error of a kind that is known.</summary>
    public static CallError Of(CallErrorKind kind, string message) =>
        new(kind.HttpStatus, new RpcStatus { Code = (int)kind.Code, Message = message });

    /// <summary>Fields that can't be read: all of them at once, as far as an error has room for them.</summary>
    public static CallError FromFields(params IReadOnlyList<Problem> problems)
    {
        var status = new Refusal.Invalid(problems).ToStatus();
        if (problems is [var only])
        {
            // Without a field it is of the body as a whole.
            status.Message = only.Field.Length == 0 ? only.Message : $"{only.Field}: {only.Message}";
        }

        return FromRpc(status);
    }

    /// <summary>Reads an error that was thrown over gRPC's own way. Its details travel in a trailer.</summary>
    public static CallError FromRpc(RpcException exception) => FromRpc(new RpcStatus
    {
        // Code and message of the call win; the trailer only adds to them.
        Code = (int)exception.StatusCode,
        Message = exception.Status.Detail,
        Details = { exception.GetRpcStatus()?.Details ?? [] },
    });
}
